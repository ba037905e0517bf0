/** What a command is answered with, as far as it is known from the command alone. */
export type Answer =
  /** OK or ERR. */
  | 'ok'
  /** OK, ERR, a result set or several, or the wish for a local file. */
  | 'result'
  | 'prepared'
  /** Column definitions without a count. */
  | 'fields'
  /** Rows without columns. */
  | 'rows'
  /** A line of text that is no packet of any type. */
  | 'text'
  /** An authentication of any number of turns. */
  | 'login'
  /** Packets without end. */
  | 'stream'
  | 'none';

/** A command of the protocol. */
export interface Command {
  /** Name of its span where it has no SQL, and `db.operation.name`. */
  readonly name: string;
  readonly answer: Answer;
  /** Lengths that its payload may have, the command's byte included. */
  readonly least: number;
  readonly most: number;
}

export const COM_QUIT = 0x01;
export const COM_INIT_DB = 0x02;
export const COM_QUERY = 0x03;
export const COM_FIELD_LIST = 0x04;
export const COM_CHANGE_USER = 0x11;
export const COM_STMT_PREPARE = 0x16;
export const COM_STMT_EXECUTE = 0x17;
export const COM_STMT_CLOSE = 0x19;
export const COM_RESET_CONNECTION = 0x1f;
export const COM_STMT_BULK_EXECUTE = 0xfa;

const ANY = 2 ** 40;
const LONGEST_NAME = 1024;

function command(name: string, answer: Answer, least = 1, most = least): Command {
  return { name, answer, least, most };
}

/**
 * The commands that servers of today know ("Command Phase"); those that only old ones knew (COM_CREATE_DB,
 * COM_SHUTDOWN, …) and those that no client may send (COM_SLEEP, COM_CONNECT) are left out.
 */
const COMMANDS: ReadonlyMap<number, Command> = new Map([
  [COM_QUIT, command('QUIT', 'none')],
  [COM_INIT_DB, command('INIT_DB', 'ok', 2, LONGEST_NAME)],
  [COM_QUERY, command('QUERY', 'result', 2, ANY)],
  [COM_FIELD_LIST, command('FIELD_LIST', 'fields', 2, 2 * LONGEST_NAME)],
  [0x07, command('REFRESH', 'ok', 2)],
  [0x09, command('STATISTICS', 'text')],
  [0x0a, command('PROCESS_INFO', 'result')],
  [0x0c, command('PROCESS_KILL', 'ok', 5)],
  [0x0d, command('DEBUG', 'ok')],
  [0x0e, command('PING', 'ok')],
  [COM_CHANGE_USER, command('CHANGE_USER', 'login', 4, 65_536)],
  [0x12, command('BINLOG_DUMP', 'stream', 11, LONGEST_NAME)],
  [0x15, command('REGISTER_SLAVE', 'ok', 18, 2 * LONGEST_NAME)],
  [COM_STMT_PREPARE, command('PREPARE', 'prepared', 2, ANY)],
  [COM_STMT_EXECUTE, command('EXECUTE', 'result', 10, ANY)],
  [0x18, command('STMT_SEND_LONG_DATA', 'none', 7, ANY)],
  [COM_STMT_CLOSE, command('STMT_CLOSE', 'none', 5)],
  [0x1a, command('STMT_RESET', 'ok', 5)],
  [0x1b, command('SET_OPTION', 'ok', 3)],
  [0x1c, command('STMT_FETCH', 'rows', 9)],
  [0x1e, command('BINLOG_DUMP_GTID', 'stream', 11, ANY)],
  [COM_RESET_CONNECTION, command('RESET_CONNECTION', 'ok')],
  [COM_STMT_BULK_EXECUTE, command('EXECUTE', 'result', 7, ANY)],
]);

/** The command of that first byte, if a payload of that length can be one; null. */
export function commandOf(byte: number, length: number): Command | null {
  const found = COMMANDS.get(byte);
  return found !== undefined && length >= found.least && length <= found.most ? found : null;
}
