/** Code of a character, for the type bytes of messages. */
const code = (char: string): number => char.charCodeAt(0);

/** What a client sends (PostgreSQL documentation 55.7, "Message Formats"), type bytes. */
export const F = {
  /** A message without a type: it begins with the first byte of its length, which is 0. */
  startup: 0,
  bind: code('B'),
  close: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyFail: code('f'),
  describe: code('D'),
  execute: code('E'),
  flush: code('H'),
  functionCall: code('F'),
  parse: code('P'),
  password: code('p'),
  query: code('Q'),
  sync: code('S'),
  terminate: code('X'),
} as const;

/** What a server sends. */
export const B = {
  authentication: code('R'),
  backendKey: code('K'),
  bindComplete: code('2'),
  closeComplete: code('3'),
  commandComplete: code('C'),
  copyData: code('d'),
  copyDone: code('c'),
  copyIn: code('G'),
  copyOut: code('H'),
  copyBoth: code('W'),
  dataRow: code('D'),
  emptyQuery: code('I'),
  error: code('E'),
  functionResult: code('V'),
  negotiateVersion: code('v'),
  noData: code('n'),
  notice: code('N'),
  notification: code('A'),
  parameterDescription: code('t'),
  parameterStatus: code('S'),
  parseComplete: code('1'),
  portalSuspended: code('s'),
  ready: code('Z'),
  rowDescription: code('T'),
} as const;

/** Second word of a message without a type. */
export const PROTOCOL_3 = 3;
export const CANCEL_REQUEST = 80877102;
export const SSL_REQUEST = 80877103;
export const GSSENC_REQUEST = 80877104;

/** Lengths, themselves included, from and to which a type is believed. */
export interface Limits {
  readonly least: number;
  readonly most: number;
}

/** No field, row or query is longer than a gigabyte: `MaxAllocSize`. */
const HUGE = 0x3fffffff;
const exactly = (length: number): Limits => ({ least: length, most: length });
const between = (least: number, most: number): Limits => ({ least, most });

/** Longest startup packet that a server takes (`MAX_STARTUP_PACKET_LENGTH`). */
const LONGEST_STARTUP = 10_000;
const LONGEST_PASSWORD = 65_536;
const LONGEST_NAME = 65_536;
const LONGEST_ERROR = 1_048_576;

const frontend: (Limits | null)[] = new Array<Limits | null>(256).fill(null);
frontend[F.startup] = between(8, LONGEST_STARTUP);
frontend[F.bind] = between(12, HUGE);
frontend[F.close] = between(6, LONGEST_NAME);
frontend[F.copyData] = between(4, HUGE);
frontend[F.copyDone] = exactly(4);
frontend[F.copyFail] = between(5, LONGEST_ERROR);
frontend[F.describe] = between(6, LONGEST_NAME);
frontend[F.execute] = between(9, LONGEST_NAME);
frontend[F.flush] = exactly(4);
frontend[F.functionCall] = between(14, HUGE);
frontend[F.parse] = between(8, HUGE);
frontend[F.password] = between(5, LONGEST_PASSWORD);
frontend[F.query] = between(5, HUGE);
frontend[F.sync] = exactly(4);
frontend[F.terminate] = exactly(4);

const backend: (Limits | null)[] = new Array<Limits | null>(256).fill(null);
backend[B.authentication] = between(8, LONGEST_PASSWORD);
// Protocol 3.2 has keys of up to 256 bytes.
backend[B.backendKey] = between(12, 264);
backend[B.bindComplete] = exactly(4);
backend[B.closeComplete] = exactly(4);
backend[B.commandComplete] = between(6, 256);
backend[B.copyData] = between(4, HUGE);
backend[B.copyDone] = exactly(4);
backend[B.copyIn] = between(7, 7 + 2 * 65_535);
backend[B.copyOut] = between(7, 7 + 2 * 65_535);
backend[B.copyBoth] = between(7, 7 + 2 * 65_535);
backend[B.dataRow] = between(6, HUGE);
backend[B.emptyQuery] = exactly(4);
backend[B.error] = between(6, LONGEST_ERROR);
backend[B.functionResult] = between(8, HUGE);
backend[B.negotiateVersion] = between(12, LONGEST_NAME);
backend[B.noData] = exactly(4);
backend[B.notice] = between(6, LONGEST_ERROR);
backend[B.notification] = between(10, LONGEST_NAME);
backend[B.parameterDescription] = between(6, 6 + 4 * 65_535);
backend[B.parameterStatus] = between(6, LONGEST_NAME);
backend[B.parseComplete] = exactly(4);
backend[B.portalSuspended] = exactly(4);
backend[B.ready] = exactly(5);
backend[B.rowDescription] = between(6, LONGEST_ERROR);

/** By type byte: the lengths that a message of a client may have, null for no type. */
export const FRONTEND: readonly (Limits | null)[] = frontend;
/** The same of a server's messages. */
export const BACKEND: readonly (Limits | null)[] = backend;
