import { latin1 } from '../bytes.ts';
import type { RankedIds } from '../carried/carried.ts';
import { addNamed, type CarriedNames } from '../carried/names.ts';

const LONGEST_VALUE = 512;
/** Names longer than this are nobody's. */
const LONGEST_NAME = 31;

/** How a serialization writes a short text. */
export interface TextForm {
  /** Bytes before the first character of a short text. */
  readonly before: number;
  /** Whether they say, at `at`, that a text of that length follows. */
  says(b: Uint8Array, at: number, length: number): boolean;
  /** Reads the text at `at`, as ASCII: what it is, or null. Its end is in `textEnd.at`. */
  read(b: Uint8Array, at: number, to: number): string | null;
  /** The last character has its highest bit set. */
  readonly marksEnd?: boolean;
}

/**
 * Looks for properties that carry ids in bytes whose structure is not followed: a name that is known, written as a text,
 * and the text behind it. Values that are no ids give nothing, so that a chance hit does no harm.
 */
export function scanCarriers(
  b: Uint8Array,
  from: number,
  to: number,
  form: TextForm,
  carriers: CarriedNames,
): RankedIds | null {
  let best: RankedIds | null = null;
  const byLetter = lettersOf(carriers);
  const { before } = form;
  for (let at = from; at + before < to; at++) {
    const names = byLetter[b[at + before]! | 0x20];
    if (names === undefined) continue;
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const end = at + before + name.length;
      if (end > to || !form.says(b, at, name.length)) continue;
      if (!standsAt(b, at + before, name, form.marksEnd === true)) continue;
      const value = form.read(b, end, to);
      if (value !== null) best = addNamed(best, carriers, name, value.slice(0, LONGEST_VALUE));
      break;
    }
  }
  return best;
}

/** The names by the code of their first letter: most bytes begin none. */
interface Letters {
  readonly of: CarriedNames;
  readonly names: readonly (readonly string[] | undefined)[];
}
let latest: Letters | null = null;

function lettersOf(carriers: CarriedNames): Letters['names'] {
  if (latest?.of !== carriers) {
    const names: (string[] | undefined)[] = Array.from({ length: 256 }, () => undefined);
    for (const name of carriers.readings.keys()) {
      const code = name.charCodeAt(0) & 255;
      if (name.length > LONGEST_NAME) continue;
      names[code] ??= [];
      names[code].push(name);
    }
    latest = { of: carriers, names };
  }
  return latest.names;
}

function standsAt(b: Uint8Array, at: number, name: string, marksEnd: boolean): boolean {
  const last = name.length - 1;
  for (let i = 0; i <= last; i++) {
    let code = b[at + i]!;
    if (marksEnd && i === last) {
      if (code < 0x80) return false;
      code &= 0x7f;
    }
    if (code >= 0x41 && code <= 0x5a) code |= 0x20;
    if (code !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** One byte of length before the text, plus an offset; longer ones with the length in two bytes behind a tag. */
export function lengthPrefixed(offset: number, most: number, tags: readonly number[]): TextForm {
  return {
    before: 1,
    says: (b, at, length) => length <= most && b[at] === offset + length,
    read(b, at, to) {
      let begin = at;
      // FST says of a value that it is a string.
      if (tags.includes(b[begin]!)) begin++;
      const length = b[begin]! - offset;
      if (length < 0 || length > most || begin + 1 + length > to) return null;
      return latin1(b, begin + 1, begin + 1 + length);
    },
  };
}

/** Hessian's strings: short, of up to 1023 characters, longer. */
export const HESSIAN_TEXT: TextForm = {
  before: 1,
  says: (b, at, length) => b[at] === length,
  read(b, at, to) {
    const tag = b[at]!;
    let begin = at + 1;
    let length = tag;
    if (tag >= 0x30 && tag <= 0x33) length = ((tag - 0x30) << 8) | b[begin++]!;
    else if (tag > 0x1f) return null;
    return begin + length <= to ? latin1(b, begin, begin + length) : null;
  },
};

/** JSONB (fastjson2): a byte for up to 47 characters, else a tag and a length. */
export const JSONB_TEXT: TextForm = {
  before: 1,
  says: (b, at, length) => b[at] === 0x49 + length,
  read(b, at, to) {
    const tag = b[at]!;
    if (tag >= 0x49 && tag <= 0x78) return ofLength(b, at + 1, tag - 0x49, to);
    if (tag !== 0x79 && tag !== 0x7a) return null;
    const first = b[at + 1]!;
    if (first <= 0x2f) return ofLength(b, at + 2, first, to);
    // A length in two bytes, of which the first is around 0x38.
    return first >= 0x38 && first <= 0x3f
      ? ofLength(b, at + 3, ((first - 0x38) << 8) | b[at + 2]!, to)
      : null;
  },
};

/** Kryo: the last character has its highest bit set. */
export const KRYO_TEXT: TextForm = {
  before: 0,
  says: () => true,
  read(b, at, to) {
    // The class of a value may stand between: a small number.
    const begin = b[at]! < 0x20 ? at + 1 : at;
    let end = begin;
    while (end < to && end - begin < LONGEST_VALUE && b[end]! >= 0x20 && b[end]! < 0x7f) end++;
    if (end >= to || b[end]! < 0x80) return null;
    return latin1(b, begin, end) + String.fromCharCode(b[end]! & 0x7f);
  },
  marksEnd: true,
};

/** Java's serialization: TC_STRING and two bytes of length. */
export const JAVA_TEXT: TextForm = {
  before: 3,
  says: (b, at, length) => b[at] === 0x74 && b[at + 1] === 0 && b[at + 2] === length,
  read(b, at, to) {
    if (b[at] !== 0x74) return null;
    return ofLength(b, at + 3, (b[at + 1]! << 8) | b[at + 2]!, to);
  },
};

function ofLength(b: Uint8Array, from: number, length: number, to: number): string | null {
  return from + length <= to ? latin1(b, from, from + length) : null;
}
