import type { Protocol, ProtocolSummary } from '../protocol.ts';
import { detect, sideOf } from './header.ts';
import { createDubboParser } from './parser.ts';

const SUMMARIES: readonly ProtocolSummary[] = [
  {
    key: 'dubbo',
    title: 'Dubbo 2',
    specification: "Dubbo's protocol, version 2, hessian2 and fastjson2",
    reads:
      'Service, its version and method, status and exceptions, calls one way, heartbeats; of other serializations as much as their texts show.',
    ids: 'headers',
  },
];

/** Dubbo's own protocol, version 2 (`dubbo://`); its calls over HTTP/2 (`tri://`) are gRPC's. */
export const dubbo: Protocol = {
  name: 'dubbo',
  interleaves: true,
  detect,
  sideOf,
  createParser: createDubboParser,
  summaries: SUMMARIES,
};
