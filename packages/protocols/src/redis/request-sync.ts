import { commandWord, isKnownCommand } from './commands.ts';
import { CAPTURE, type RequestFlow } from './request-flow.ts';

const CR = 13;
const LF = 10;
const SP = 32;
const TAB = 9;
const STAR = 42;
const DOLLAR = 36;

/**
 * Out of step: a command is believed to begin where a read begins or after CRLF, if its first two lines and its
 * first word are right; or, if inline commands came before, where a read is nothing but lines of text, the first of them
 * a known command.
 */
export function resynchroniseRequests(f: RequestFlow, bytes: Uint8Array, from: number): number {
  if (from === 0 && f.isInline && isInlineText(bytes)) {
    f.phase = 'start';
    return 0;
  }
  for (let i = from; i < bytes.length; i++) {
    if (bytes[i] !== STAR || (i > 0 && bytes[i - 1] !== LF)) continue;
    if (wordOfCommand(bytes, i) === null) continue;
    f.phase = 'start';
    return i;
  }
  return bytes.length;
}

function isInlineText(bytes: Uint8Array): boolean {
  const length = bytes.length;
  if (length > CAPTURE || bytes[length - 1] !== LF) return false;
  let end = 0;
  while (end < length && bytes[end]! > SP) end++;
  if (!isKnownCommand(commandWord(bytes, 0, end))) return false;
  for (let i = end; i < length; i++) {
    const byte = bytes[i]!;
    if (byte > 126 || (byte < SP && byte !== CR && byte !== LF && byte !== TAB)) return false;
  }
  return true;
}

/**
 * The first word of the command that begins at `from` (`*<n>`, `$<length>` and a word of that length, of which at
 * least one letter is there) in upper case, '' if it is cut, null if this is none.
 */
export function wordOfCommand(bytes: Uint8Array, from: number): string | null {
  if (bytes[from] !== STAR) return null;
  const count = smallNumber(bytes, from + 1, 7);
  if (count === null || count.value === 0 || bytes[count.end] !== DOLLAR) return null;
  const length = smallNumber(bytes, count.end + 1, 2);
  if (length === null || length.value === 0 || length.end >= bytes.length) return null;
  const end = length.end + length.value;
  const word = commandWord(bytes, length.end, Math.min(end, bytes.length));
  if (word === '') return null;
  if (end > bytes.length) return '';
  if (end < bytes.length && bytes[end] !== CR) return null;
  return end + 1 < bytes.length && bytes[end + 1] !== LF ? null : word;
}

function smallNumber(bytes: Uint8Array, from: number, most: number): { value: number; end: number } | null {
  let value = 0;
  let i = from;
  while (i < from + most && bytes[i]! >= 48 && bytes[i]! <= 57) value = value * 10 + bytes[i++]! - 48;
  return i > from && bytes[i] === CR && bytes[i + 1] === LF ? { value, end: i + 2 } : null;
}
