import type { Protocol, ProtocolSummary } from '../protocol.ts';
import { createFastCgiParser } from './parser.ts';
import { detect, sideOf } from './recognise.ts';

/**
 * PHP-FPM writes what fills its buffer of 8 KiB, as two records or three, the last of which tells how it went. Web servers
 * read up to 64 KiB at once: so much of bodies is not worth its copying, and the end of a long one may be missed there.
 */
const CALL_BYTES = 16_384;

const SUMMARIES: readonly ProtocolSummary[] = [
  {
    key: 'fastcgi',
    title: 'FastCGI',
    specification: 'FastCGI 1.0',
    reads:
      'Method, path and query of the request, status and end of its response, application and protocol status; one request after the other or several at once, management records, aborts.',
    ids: 'headers',
  },
];

/** FastCGI 1.0, between web servers and applications (PHP-FPM and kin). */
export const fastcgi: Protocol = {
  name: 'fastcgi',
  detect,
  sideOf,
  createParser: createFastCgiParser,
  callBytes: CALL_BYTES,
  summaries: SUMMARIES,
};
