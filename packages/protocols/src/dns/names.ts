/** A name has 255 bytes at most, and so 127 labels (RFC 1035 §2.3.4); a chain of pointers is never longer. */
const LONGEST_NAME = 255;
const MOST_JUMPS = 127;
const POINTER = 0xc0;
const BACKSLASH = 92;
const QUOTE = 34;
const DOT = 46;

/** Where what `readName` was given ends, and why it could not go on. */
export const nameEnd = { at: 0, cut: false };

/**
 * Walks over a name, which may end in a pointer to an earlier place (RFC 1035 §4.1.4). Pointers lead backwards
 * only, so that none is followed twice.
 * @param from of the name
 * @param base where the message begins: pointers count from there
 * @param text receives the labels; null: the place after the name is all that is asked for
 * @returns false when it is no name, or (`nameEnd.cut`) goes on beyond `to`; `nameEnd.at` is the byte after it
 */
export function readName(
  bytes: Uint8Array,
  from: number,
  to: number,
  base: number,
  text: string[] | null,
): boolean {
  let at = from;
  let end = -1;
  let length = 0;
  let lowest = from;
  nameEnd.cut = false;
  for (let jumps = 0; ; ) {
    if (at >= to) return cut();
    const size = bytes[at]!;
    if (size === 0) {
      nameEnd.at = end < 0 ? at + 1 : end;
      return true;
    }
    if ((size & POINTER) === POINTER) {
      if (at + 1 >= to) return cut();
      const target = base + ((size & 0x3f) << 8) + bytes[at + 1]!;
      if (end < 0) end = at + 2;
      // A place that was read already would be read again and again.
      if (target >= lowest || target < base || ++jumps > MOST_JUMPS) return false;
      // Who only wants to know where it ends need not follow.
      if (text === null) {
        nameEnd.at = end;
        return true;
      }
      lowest = target;
      at = target;
      continue;
    }
    if ((size & POINTER) !== 0) return false;
    length += size + 1;
    if (length > LONGEST_NAME) return false;
    if (at + 1 + size > to) return cut();
    if (text !== null) text.push(labelText(bytes, at + 1, at + 1 + size));
    at += size + 1;
  }
}

function cut(): boolean {
  nameEnd.cut = true;
  return false;
}

/** As the semantic conventions ask: `\DDD` for what cannot be printed, back slashes and quotes escaped. */
function labelText(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    if (byte === BACKSLASH || byte === QUOTE || byte === DOT) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 32 && byte < 127) text += String.fromCharCode(byte);
    else if (byte === 9) text += '\\t';
    else if (byte === 10) text += '\\n';
    else if (byte === 13) text += '\\r';
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}
