import type { Protocol } from '../protocol.ts';
import { detect, sideOf } from './header.ts';
import { createDubboParser } from './parser.ts';

/** Dubbo's own protocol, version 2 (`dubbo://`); its calls over HTTP/2 (`tri://`) are gRPC's. */
export const dubbo: Protocol = {
  name: 'dubbo',
  interleaves: true,
  detect,
  sideOf,
  createParser: createDubboParser,
};
