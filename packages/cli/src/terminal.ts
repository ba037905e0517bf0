/** What the terminal that a stream leads to can show. */
export interface Terminal {
  /** Columns; Infinity when it is a file or a pipe and nobody said how wide. */
  readonly width: number;
  readonly colour: boolean;
}

/** Reads what is known of the terminal behind stdout; `NO_COLOR` (https://no-color.org) is obeyed. */
export function stdoutTerminal(environment: Readonly<Record<string, string | undefined>>): Terminal {
  const tty = process.stdout.isTTY === true;
  const columns = Number(environment['COLUMNS']);
  const asked = Number.isInteger(columns) && columns > 0 ? columns : null;
  return {
    width: tty ? process.stdout.columns || asked || 80 : (asked ?? Number.POSITIVE_INFINITY),
    colour: tty && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
  };
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

/** Text in a style, where the terminal has colours. */
export function styled(terminal: Terminal, style: Style, text: string): string {
  return terminal.colour && text !== '' ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text;
}

/** Names come from traced programs: control characters in them must not reach the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '·');
}

/** Text cut to a number of columns, with `…` where something is missing. */
export function cut(text: string, width: number): string {
  const chars = [...text];
  if (chars.length <= width) return text;
  return width <= 0 ? '' : `${chars.slice(0, width - 1).join('')}…`;
}

/** Text cut or filled to exactly so many columns. */
export function fit(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const short = cut(text, width);
  const fill = ' '.repeat(Math.max(0, width - [...short].length));
  return side === 'left' ? short + fill : fill + short;
}
