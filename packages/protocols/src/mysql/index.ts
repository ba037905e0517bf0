import type { Protocol, ProtocolSummary } from '../protocol.ts';
import { createMysqlParser } from './parser.ts';
import { detect, sideOf } from './recognise.ts';

/** The client/server protocol of MySQL and MariaDB, "classic" as MySQL calls it. */
const SUMMARIES: readonly ProtocolSummary[] = [
  {
    key: 'mysql',
    title: 'MySQL and MariaDB',
    specification: 'Client/server protocol 10',
    reads:
      'Commands, prepared statements, result sets, errors, login, zlib compression; SQL with its literals masked.',
    ids: 'sql-comments',
  },
];

/** Servers send what fills their buffer (net_buffer_length), clients read as much. */
const CALL_BYTES = 16_384;

export const mysql: Protocol = {
  name: 'mysql',
  detect,
  sideOf,
  createParser: createMysqlParser,
  callBytes: CALL_BYTES,
  summaries: SUMMARIES,
};
