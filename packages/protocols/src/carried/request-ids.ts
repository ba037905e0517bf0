import { type HashKey, keyedHash } from '@weft/model';
import type { RequestId } from '../protocol.ts';

const SHORTEST = 6;
const LONGEST = 200;
/** From here on two requests do not have the same by chance: 64 bits in hex, and what is denser. */
const SPECIFIC = 16;
/** Different characters of a text that somebody drew by lot; `0000000000000001` and `test-test-test-1` have fewer. */
const SPECIFIC_VARIETY = 7;

/**
 * A request id as it may leave the host: hashed, since the value may say something to others.
 * @param name lower case
 * @returns null when it is too short, or too long, to name one request
 */
export function requestIdOf(name: string, value: string, key?: HashKey): RequestId | null {
  if (value.length < SHORTEST || value.length > LONGEST) return null;
  // Some hop writes it in capitals, with braces or quotes around it.
  const id = value.toLowerCase().replaceAll(/[^0-9a-z_.:=+/-]/g, '');
  if (id.length < SHORTEST) return null;
  return { name, hash: keyedHash(id, key), specific: isSpecific(id) };
}

function isSpecific(id: string): boolean {
  return id.length >= SPECIFIC && /\d/.test(id) && new Set(id).size >= SPECIFIC_VARIETY;
}
