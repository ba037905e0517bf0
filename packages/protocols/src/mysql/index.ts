import type { Protocol } from '../protocol.ts';
import { createMysqlParser } from './parser.ts';
import { detect, sideOf } from './recognise.ts';

/** The client/server protocol of MySQL and MariaDB, "classic" as MySQL calls it. */
export const mysql: Protocol = { name: 'mysql', detect, sideOf, createParser: createMysqlParser };
