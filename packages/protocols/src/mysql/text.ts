import { intern } from '../bytes.ts';
import { targetOf } from '../sql/verbs.ts';

const decoder = new TextDecoder();

/** Text of bytes [from, to), UTF-8 as nearly all clients agree on; what is none becomes U+FFFD. */
export function textOf(b: Uint8Array, from: number, to: number): string {
  for (let i = from; i < to; i++) if (b[i]! > 127) return decoder.decode(b.subarray(from, to));
  return intern(b, from, to);
}

const LONGEST_VERB = 24;
const SLASH = 47;
const STAR = 42;
const DASH = 45;
const HASH = 35;
const PARENTHESIS = 40;

/** Whether the text begins with a comment or a verb of SQL, or with the beginning of one that is cut. */
export function likeSql(b: Uint8Array, from: number, to: number): boolean {
  let i = from;
  while (i < to && (b[i]! === 32 || (b[i]! >= 9 && b[i]! <= 13) || b[i] === PARENTHESIS)) i++;
  if (b[i] === HASH || (b[i] === SLASH && b[i + 1] === STAR) || (b[i] === DASH && b[i + 1] === DASH)) {
    return i + 1 < to && (b[i + 1]! >= 32 || (b[i + 1]! >= 9 && b[i + 1]! <= 13));
  }
  let end = i;
  while (end < to && end - i < LONGEST_VERB && (b[end]! | 32) >= 97 && (b[end]! | 32) <= 122) end++;
  const word = intern(b, i, end).toUpperCase();
  return word === 'WITH' || targetOf(word) !== null;
}
