import type { Command } from './commands.ts';

/** No query text is longer. */
export const LONGEST_TEXT = 256;
const CUT = '...';
const MOST_REMEMBERED = 16;

/** The command with every argument hidden: `SET ? ?`. @param count of the arguments, its words not among them */
export function maskedText(command: Command, count: number): string {
  const known = command.masked[count];
  if (known !== undefined) return known;
  const most = (LONGEST_TEXT - command.name.length - CUT.length - 1) >> 1;
  const text =
    count <= most ? command.name + ' ?'.repeat(count) : `${command.name}${' ?'.repeat(most)} ${CUT}`;
  if (count <= MOST_REMEMBERED) {
    // No holes: the shape of the array stays simple.
    while (command.masked.length <= count)
      command.masked.push(command.name + ' ?'.repeat(command.masked.length));
  }
  return text;
}

const ESCAPED: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte >= 32 && byte < 127 && byte !== 92
    ? String.fromCharCode(byte)
    : byte === 92
      ? '\\\\'
      : `\\x${byte.toString(16).padStart(2, '0')}`,
);

/** Bytes as printable text: what is not is written `\xNN`. */
export function escaped(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += ESCAPED[bytes[i]!]!;
  return text;
}

/**
 * Arguments as they were sent, joined by spaces, at most `LONGEST_TEXT` characters.
 * @param ends of the arguments in `bytes`, one after the other
 * @param isCut whether an argument goes on beyond what was kept of it
 * @param complete whether these are all arguments
 */
export function plainText(
  bytes: Uint8Array,
  ends: readonly number[],
  isCut: readonly boolean[],
  complete: boolean,
): string {
  let text = '';
  let from = 0;
  for (let i = 0; i < ends.length && text.length <= LONGEST_TEXT; i++) {
    if (i > 0) text += ' ';
    text += escaped(bytes, from, ends[i]!);
    if (isCut[i]) text += CUT;
    from = ends[i]!;
  }
  if (!complete) text += ` ${CUT}`;
  return text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT - CUT.length) + CUT : text;
}
