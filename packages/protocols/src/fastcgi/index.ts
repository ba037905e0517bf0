import { INTERLEAVED_CALL_BYTES, type Protocol } from '../protocol.ts';
import { createFastCgiParser } from './parser.ts';
import { detect, sideOf } from './recognise.ts';

/** FastCGI 1.0, between web servers and applications (PHP-FPM and kin). */
export const fastcgi: Protocol = {
  name: 'fastcgi',
  detect,
  sideOf,
  createParser: createFastCgiParser,
  // What a call carries are many records, the last of which tells how it went.
  callBytes: INTERLEAVED_CALL_BYTES,
};
