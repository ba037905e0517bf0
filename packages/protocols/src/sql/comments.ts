import type { RankedIds } from '../carried/carried.ts';
import { addNamed, type CarriedNames } from '../carried/names.ts';
import type { Tokens } from './tokens.ts';

const LONGEST_KEY = 64;

/**
 * Adds the ids in a comment: `key: value` and `key=value` pairs between anything else, the value bare up to white
 * space, `,` or `;`, or in quotes. Values are URL-decoded, as sqlcommenter encodes them
 * (google.github.io/sqlcommenter/spec).
 * @param best of the text's earlier comments
 * @param names of what carries ids
 */
export function carriedInComment(t: Tokens, best: RankedIds | null, names: CarriedNames): RankedIds | null {
  const { text } = t;
  const to = text.endsWith('*/', t.to) ? t.to - 2 : t.to;
  let ids = best;
  for (let i = t.from + 1; i < to; ) {
    if (!isKeyPart(text, i)) {
      i++;
      continue;
    }
    const from = i;
    while (i < to && isKeyPart(text, i)) i++;
    const separator = skipSpaces(text, i, to);
    const sign = text.charAt(separator);
    if (separator >= to || (sign !== ':' && sign !== '=')) continue;
    // A path or URL is no pair.
    const name = i - from <= LONGEST_KEY ? text.slice(from, i).toLowerCase() : '';
    if (!names.readings.has(name)) continue;
    const value = skipSpaces(text, separator + 1, to);
    i = endOfValue(text, value, to);
    ids = addNamed(ids, names, name, decoded(unquoted(text, value, i)));
  }
  return ids;
}

function isKeyPart(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  const letter = code | 0x20;
  return (
    (letter >= 97 && letter <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 95 || code === 46
  );
}

function skipSpaces(text: string, from: number, to: number): number {
  let i = from;
  while (i < to && text.charCodeAt(i) <= 32) i++;
  return i;
}

/** One past the value that begins at `from`, its closing quote included. */
function endOfValue(text: string, from: number, to: number): number {
  const quote = text.charAt(from);
  if (from < to && (quote === "'" || quote === '"')) {
    const end = text.indexOf(quote, from + 1);
    return end < 0 || end >= to ? to : end + 1;
  }
  let i = from;
  while (i < to && text.charCodeAt(i) > 32 && text[i] !== ',' && text[i] !== ';') i++;
  return i;
}

function unquoted(text: string, from: number, to: number): string {
  const quote = text.charAt(from);
  if (to - from < 2 || (quote !== "'" && quote !== '"')) return text.slice(from, to);
  return text.slice(from + 1, text.charAt(to - 1) === quote ? to - 1 : to);
}

/** Ids are ASCII: a text that does not decode stays as it is. */
function decoded(value: string): string {
  if (!value.includes('%')) return value;
  return value.replaceAll(/%[0-7][0-9a-f]/gi, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
}
