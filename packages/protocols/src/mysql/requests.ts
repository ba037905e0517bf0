import type { Attributes } from '@weft/model';
import { type CarriedIds, type Message, TO_SERVER } from '../protocol.ts';
import { describeRecent, LONGEST_SQL, type SqlDescription, sqlAttributes } from '../sql/index.ts';
import {
  COM_CHANGE_USER,
  COM_INIT_DB,
  COM_QUERY,
  COM_RESET_CONNECTION,
  COM_STMT_BULK_EXECUTE,
  COM_STMT_CLOSE,
  COM_STMT_EXECUTE,
  COM_STMT_PREPARE,
  type Command,
  commandOf,
} from './commands.ts';
import {
  ANY_SEQUENCE,
  type Connection,
  loseRequests,
  rememberOutstanding,
  type Statement,
} from './connection.ts';
import {
  CLIENT_COMPRESS,
  CLIENT_DEPRECATE_EOF,
  CLIENT_SSL,
  CLIENT_ZSTD_COMPRESSION,
  changedDatabase,
  FIXED_LOGIN,
  LOGIN_KEPT,
  likeLogin,
  readLogin,
} from './handshake.ts';
import { type PacketReader, type Packets, resetPackets } from './packets.ts';
import { readQueryHead } from './query.ts';
import { settleResponse } from './responses.ts';
import { textOf } from './text.ts';
import { int4 } from './wire.ts';

/** Enough for the id of a statement. */
const STATEMENT_HEAD = 5;
const DATABASE_KEPT = 256;
const USER_KEPT = 512;
/** MariaDB: the statement that was prepared last. */
const LAST_PREPARED = 0xffffffff;

/** Makes requests of the client's packets. */
export function createRequestReader(c: Connection): PacketReader {
  const f = c.request;
  return {
    begin(p) {
      if (p.sequence === 0) {
        if (p.length === 0) loseRequests(c, 'length');
        return Math.min(p.length, 1);
      }
      // A login, the proof that the server asks for, or the contents of a local file.
      if (f.answer !== 'login' && f.answer !== 'result') loseRequests(c, 'sequence');
      return isFirst(c) ? Math.min(p.length, FIXED_LOGIN) : 0;
    },
    read: (p) => (p.sequence === 0 ? readCommand(c, p) : readLoginPacket(c, p)),
    end(_, position) {
      f.reached = position;
      const message = f.open;
      f.open = null;
      if (message !== null) c.sink.end(message, position, null);
    },
    broken: (cause) => loseRequests(c, cause),
  };
}

/** No request has been seen: a packet may be the login. */
function isFirst(c: Connection): boolean {
  return c.requests === 0 && c.request.answer === 'login';
}

function readLoginPacket(c: Connection, p: Packets): number {
  if (!isFirst(c)) return p.wanted;
  if (!likeLogin(p.kept, 0, p.keptLength)) {
    loseRequests(c, 'login');
    return p.wanted;
  }
  if (p.length === FIXED_LOGIN && int4(p.kept, 0) & CLIENT_SSL) {
    c.tunnel = true;
    resetPackets(p);
    p.stopped = true;
    return p.wanted;
  }
  const wanted = Math.min(p.length, LOGIN_KEPT);
  if (p.keptLength < wanted && !p.isCut) return wanted;
  const login = readLogin(p.kept, p.keptLength);
  c.eofs = (login.capabilities & CLIENT_DEPRECATE_EOF) === 0;
  if (login.capabilities & (CLIENT_COMPRESS | CLIENT_ZSTD_COMPRESSION)) c.compression = 'agreed';
  c.namespace = login.database;
  request(c, p, LOGIN, 'LOGIN', plainAttributes(c, 'LOGIN'), null, null, null);
  return wanted;
}

const LOGIN: Command = { name: 'LOGIN', answer: 'login', least: 0, most: 0 };

function readCommand(c: Connection, p: Packets): number {
  const command = p.keptLength > 0 ? commandOf(p.kept[0]!, p.length) : null;
  if (command === null) {
    loseRequests(c, p.keptLength > 0 ? 'command' : 'gap');
    return p.wanted;
  }
  const wanted = Math.min(p.length, keptOf(p.kept[0]!));
  if (p.keptLength < wanted && !p.isCut) return wanted;
  emit(c, p, command);
  return wanted;
}

function keptOf(byte: number): number {
  switch (byte) {
    case COM_QUERY:
    case COM_STMT_PREPARE:
      return LONGEST_SQL;
    case COM_STMT_EXECUTE:
    case COM_STMT_BULK_EXECUTE:
    case COM_STMT_CLOSE:
      return STATEMENT_HEAD;
    case COM_INIT_DB:
      return DATABASE_KEPT;
    case COM_CHANGE_USER:
      return USER_KEPT;
    default:
      return 1;
  }
}

/** The command is known, and so much of its text as is wanted. */
function emit(c: Connection, p: Packets, command: Command): void {
  const { kept, keptLength } = p;
  switch (kept[0]!) {
    case COM_QUERY: {
      const head = readQueryHead(kept, keptLength);
      if (head === null) break;
      const text = textOf(kept, head.textAt, keptLength);
      const sql = describeRecent(text, 'mysql', c.mask, c.names);
      const namespace = usedDatabase(sql, text);
      request(c, p, command, sql.name, queryAttributes(c, sql), sql.carried ?? head.carried, namespace, null);
      return;
    }
    case COM_STMT_PREPARE: {
      const sql = describeRecent(textOf(kept, 1, keptLength), 'mysql', c.mask, c.names);
      const attributes = queryAttributes(c, sql);
      const statement: Statement = { name: sql.name, attributes };
      const name = `${command.name} ${sql.name}`;
      const own = { ...attributes, 'db.operation.name': command.name, 'db.query.summary': name };
      c.prepared = statement;
      request(c, p, command, name, own, sql.carried, null, statement);
      return;
    }
    case COM_STMT_EXECUTE:
    case COM_STMT_BULK_EXECUTE: {
      const statement = executed(c, p);
      if (statement === null) break;
      request(c, p, command, statement.name, statement.attributes, null, null, null);
      return;
    }
    case COM_STMT_CLOSE:
      if (keptLength === STATEMENT_HEAD) c.statements.delete(int4(kept, 1));
      break;
    case COM_INIT_DB:
      change(c, p, command, textOf(kept, 1, keptLength));
      return;
    case COM_CHANGE_USER:
      c.statements.clear();
      c.prepared = null;
      change(c, p, command, changedDatabase(kept, keptLength));
      return;
    case COM_RESET_CONNECTION:
      c.statements.clear();
      c.prepared = null;
      break;
  }
  request(c, p, command, command.name, plainAttributes(c, command.name), null, null, null);
}

/** A command that changes the database, if the server agrees; its own span names the one that is asked for. */
function change(c: Connection, p: Packets, command: Command, database: string): void {
  const attributes = { 'db.system.name': c.system, 'db.operation.name': command.name };
  const named = database === '' ? attributes : { ...attributes, 'db.namespace': database };
  request(c, p, command, command.name, named, null, database, null);
}

/** The statement that is executed, null if its text was not seen. */
function executed(c: Connection, p: Packets): Statement | null {
  if (p.keptLength < STATEMENT_HEAD) return null;
  const id = int4(p.kept, 1);
  return id === LAST_PREPARED ? c.prepared : (c.statements.get(id) ?? null);
}

/** Database that is used after a query; '' where the text does not tell it plainly, null: it stays. */
function usedDatabase(sql: SqlDescription, text: string): string | null {
  if (sql.operation !== 'USE') return sql.statements > 1 && /\buse\b/i.test(text) ? '' : null;
  const match = /^\s*use\s+(?:`([^`]+)`|([^\s`;/#-]+))\s*;?\s*$/i.exec(text);
  return match?.[1] ?? match?.[2] ?? '';
}

function plainAttributes(c: Connection, operation: string): Attributes {
  return namespaced(c, { 'db.system.name': c.system, 'db.operation.name': operation });
}

function queryAttributes(c: Connection, sql: SqlDescription): Attributes {
  return namespaced(c, sqlAttributes(sql, c.system));
}

function namespaced(c: Connection, attributes: Attributes): Attributes {
  return c.namespace === '' ? attributes : { ...attributes, 'db.namespace': c.namespace };
}

function request(
  c: Connection,
  p: Packets,
  command: Command,
  name: string,
  attributes: Attributes,
  carried: CarriedIds | null,
  namespace: string | null,
  statement: Statement | null,
): void {
  const f = c.request;
  // What the server still had to say it has said.
  settleResponse(c);
  // Responses to commands that were missed have been numbered.
  if (f.lost) c.requests = Math.max(c.requests, c.responses);
  f.lost = false;
  const { answer } = command;
  f.answer = answer;
  const message: Message = {
    side: TO_SERVER,
    kind: answer === 'none' ? 'one-way' : 'request',
    pairingId: null,
    start: p.start,
    name,
    status: 'unset',
    attributes,
    carried,
  };
  if (answer !== 'none') {
    const sequence = p.continues || answer === 'login' ? ANY_SEQUENCE : (p.sequence + 1) & 255;
    rememberOutstanding(c, { answer, sequence, namespace, statement });
    c.response.awaitsTurn = false;
  }
  f.open = message;
  c.sink.message(message);
}
