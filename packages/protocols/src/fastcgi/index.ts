import type { Protocol } from '../protocol.ts';
import { createFastCgiParser } from './parser.ts';
import { detect, sideOf } from './recognise.ts';

/**
 * PHP-FPM writes what fills its buffer of 8 KiB, as two records or three, the last of which tells how it went. Web servers
 * read up to 64 KiB at once: so much of bodies is not worth its copying, and the end of a long one may be missed there.
 */
const CALL_BYTES = 16_384;

/** FastCGI 1.0, between web servers and applications (PHP-FPM and kin). */
export const fastcgi: Protocol = {
  name: 'fastcgi',
  detect,
  sideOf,
  createParser: createFastCgiParser,
  callBytes: CALL_BYTES,
};
