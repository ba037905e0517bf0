import { latin1, utf8 } from '../bytes.ts';
import { JAVA_TEXT, JSONB_TEXT, KRYO_TEXT, lengthPrefixed, type TextForm } from './attachments.ts';
import { uint32 } from './header.ts';

const LF = 10;
const QUOTE = 34;
const LONGEST_LINE = 1024;

/** The texts that a call begins with, and how its attachments are found; of serializations whose values are not followed. */
export interface TextReader {
  /** Reads the text at `at`; null: none is there. The next one begins at `textEnd.at`. */
  text(b: Uint8Array, at: number, to: number): string | null;
  /** Bytes to leave behind first. */
  start(b: Uint8Array, from: number): number;
  /** How names and values of the attachments are written; null: as JSON, on the last line. */
  readonly form: TextForm | null;
}

/** Where the text ends that was read last; shared, used at once. */
export const textEnd = { at: 0 };

function given(text: string | null, at: number): string | null {
  textEnd.at = at;
  return text;
}

const atOnce = (_: Uint8Array, from: number): number => from;

/** A text of one byte of length, less an offset, or of more bytes behind a tag. */
function shortText(b: Uint8Array, at: number, to: number, offset: number, most: number): string | null {
  const length = b[at]! - offset;
  const end = at + 1 + length;
  return length >= 0 && length <= most && end <= to ? given(utf8(b, at + 1, end), end) : null;
}

/** `FastJson2ObjectOutput`: each value as JSONB behind its length in four bytes. */
const FASTJSON2: TextReader = {
  start: atOnce,
  text(b, at, to) {
    if (at + 5 > to) return null;
    const end = at + 4 + uint32(b, at);
    if (end > to) return null;
    return given(JSONB_TEXT.read(b, at + 4, end), end);
  },
  form: JSONB_TEXT,
};

/** `FastJsonObjectOutput`, `GsonJsonObjectOutput`: each value as JSON on a line of its own. */
const JSON_LINES: TextReader = {
  start: atOnce,
  text(b, at, to) {
    let end = at;
    while (end < to && end - at < LONGEST_LINE && b[end] !== LF) end++;
    if (end >= to || b[end] !== LF) return null;
    const isText = end - at >= 2 && b[at] === QUOTE && b[end - 1] === QUOTE;
    return given(isText ? utf8(b, at + 1, end - 1) : null, end + 1);
  },
  form: null,
};

/** Kryo's `Output.writeString`: ASCII whose last byte is marked, or a length, one too large, and the text. */
const KRYO: TextReader = {
  start: atOnce,
  text(b, at, to) {
    const first = b[at]!;
    if (first < 0x80) {
      let end = at;
      while (end < to && b[end]! < 0x80) end++;
      if (end >= to) return null;
      return given(latin1(b, at, end) + String.fromCharCode(b[end]! & 0x7f), end + 1);
    }
    let next = at + 1;
    let length = first & 0x3f;
    if ((first & 0x40) !== 0) {
      length |= (b[next]! & 0x7f) << 6;
      if (b[next++]! >= 0x80) return null;
    }
    const end = next + Math.max(0, length - 1);
    return end <= to ? given(utf8(b, next, end), end) : null;
  },
  form: KRYO_TEXT,
};

/** FST's `writeStringUTF`: a byte of length, if it is short. */
const FST: TextReader = {
  start: atOnce,
  text: (b, at, to) => shortText(b, at, to, 0, 127),
  form: lengthPrefixed(0, 127, [0xfc]),
};

/** MessagePack's `fixstr` and `str 8`. */
const MSGPACK: TextReader = {
  start: atOnce,
  text: (b, at, to) => shortText(b, b[at] === 0xd9 ? at + 1 : at, to, b[at] === 0xd9 ? 0 : 0xa0, 255),
  form: lengthPrefixed(0xa0, 31, []),
};

/** Java's `ObjectOutputStream`: a block of data, in which `writeUTF` writes two bytes of length. */
function java(lengthBefore: number): TextReader {
  return {
    start: (b, from) => (b[from] === 0xac && b[from + 1] === 0xed ? blockAt(b, from + 4) : blockAt(b, from)),
    text(b, at, to) {
      const begin = blockAt(b, at) + lengthBefore + 2;
      if (begin > to) return null;
      const end = begin + ((b[begin - 2]! << 8) | b[begin - 1]!);
      return end <= to ? given(utf8(b, begin, end), end) : null;
    },
    form: JAVA_TEXT,
  };
}

/** Index behind the header of a block of data, if one begins here. */
function blockAt(b: Uint8Array, at: number): number {
  return b[at] === 0x77 ? at + 2 : b[at] === 0x7a ? at + 5 : at;
}

/** By the serialization's id. */
export const TEXT_READERS: ReadonlyMap<number, TextReader> = new Map([
  [3, java(4)],
  [4, java(4)],
  [6, JSON_LINES],
  [7, java(0)],
  [8, KRYO],
  [9, FST],
  [16, JSON_LINES],
  [21, JSON_LINES],
  [23, FASTJSON2],
  [25, KRYO],
  [27, MSGPACK],
]);
