import type { Attributes } from '@weft/model';
import { type CarriedNames, carriedNames } from '../carried/names.ts';
import { type Message, type MessageSink, type ParserOptions, TO_CLIENT, TO_SERVER } from '../protocol.ts';
import type { Answer } from './commands.ts';
import { createFrames, type Frames, resetFrames } from './frames.ts';
import { createPackets, type Packets, resetPackets } from './packets.ts';

/** A prepared statement: what the spans of its executions are called and say. */
export interface Statement {
  readonly name: string;
  readonly attributes: Attributes;
}

/** A request of several packets or turns: where its response goes on counting is not known at its head. */
export const ANY_SEQUENCE = -1;

/** A command that was sent and is not answered yet. */
export interface Outstanding {
  /** Number of the request; the response of that number answers it. */
  readonly index: number;
  readonly answer: Answer;
  /** Sequence id that its response begins with, or `ANY_SEQUENCE`. */
  readonly sequence: number;
  /** What `db.namespace` becomes if it succeeds; null: it stays. */
  readonly namespace: string | null;
  /** Of COM_STMT_PREPARE. */
  readonly statement: Statement | null;
}

/** What the next packet of the server is, if it is not the first of a response. */
export type Stage =
  | 'idle'
  /** First of one more result of the same response. */
  | 'result'
  | 'columns'
  /** An EOF, or a row if there are none of these any more. */
  | 'columns-end'
  | 'rows'
  /** Parameters and columns of a prepared statement; the EOF behind either. */
  | 'definitions'
  | 'definitions-end'
  /** Column definitions whose number is not told. */
  | 'fields'
  /** The answer to a local file, once the client has sent it. */
  | 'file'
  /** Something of a result set was not seen: it is over when the client speaks again. */
  | 'unread'
  /** What is sent without end until the client speaks again. */
  | 'stream';

/** One direction. */
export interface Flow {
  readonly packets: Packets;
  readonly frames: Frames;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  lost: boolean;
  /** The message that is being read. */
  open: Message | null;
  /** Where the last bytes ended that made sense. */
  reached: number;
}

export interface RequestFlow extends Flow {
  /** Answer of the last command: says whether packets that are no commands may follow. */
  answer: Answer;
}

export interface ResponseFlow extends Flow {
  stage: Stage;
  /** The packet belongs to nothing that is reported. */
  ignores: boolean;
  /** The packet says that the response is yet to come, after another turn of the client. */
  announces: boolean;
  /** The packet is the response's last. */
  isLast: boolean;
  sequence: number;
  /** Column definitions to come; of a prepared statement: those of its parameters, and then of its columns. */
  left: number;
  leftAfter: number;
  rows: number;
  hasRows: boolean;
  /** The error that cut the response short. */
  failure: Attributes | null;
  /** Nothing is a response before a command was seen. */
  awaitsTurn: boolean;
}

/** Both directions of a connection. Requests and responses are numbered; the n-th answers the n-th. */
export interface Connection {
  readonly sink: MessageSink;
  readonly mask: boolean;
  readonly names: CarriedNames;
  readonly request: RequestFlow;
  readonly response: ResponseFlow;
  requests: number;
  responses: number;
  readonly outstanding: Outstanding[];
  readonly statements: Map<number, Statement>;
  /** The statement prepared last, which MariaDB's clients execute before they know its id. */
  prepared: Statement | null;
  system: 'mysql' | 'mariadb';
  /** '' unknown or none. */
  namespace: string;
  /** An EOF packet stands behind column definitions; null: not known yet. */
  eofs: boolean | null;
  /** Both directions come in compressed frames; `agreed`: from the server's OK to the login on. */
  compression: 'none' | 'agreed' | 'on';
  /** Encrypted from here on. */
  tunnel: boolean;
}

/** More than pools of statements hold; a statement that made room is executed under the name EXECUTE. */
const MOST_STATEMENTS = 512;
const MOST_OUTSTANDING = 1024;

export function createConnection(sink: MessageSink, options: ParserOptions): Connection {
  const flow = (): Flow => ({
    packets: createPackets(),
    frames: createFrames(),
    next: -1,
    lost: false,
    open: null,
    reached: 0,
  });
  return {
    sink,
    mask: options.mask,
    names: carriedNames(options),
    request: { ...flow(), answer: 'login' },
    response: {
      ...flow(),
      stage: 'idle',
      ignores: false,
      announces: false,
      isLast: false,
      sequence: 0,
      left: 0,
      leftAfter: 0,
      rows: 0,
      hasRows: false,
      failure: null,
      awaitsTurn: false,
    },
    requests: 0,
    responses: 0,
    outstanding: [],
    statements: new Map(),
    prepared: null,
    system: 'mysql',
    namespace: '',
    eofs: null,
    compression: 'none',
    tunnel: false,
  };
}

/** Remembers what the response to a request depends on, unless that has come already. */
export function rememberOutstanding(c: Connection, command: Omit<Outstanding, 'index'>): void {
  const index = c.requests++;
  if (index < c.responses) return;
  if (c.outstanding.length >= MOST_OUTSTANDING) c.outstanding.splice(0, MOST_OUTSTANDING / 2);
  c.outstanding.push({ index, ...command });
}

/** The command that the next response answers, null if it was not seen. */
export function answeredNext(c: Connection): Outstanding | null {
  while (c.outstanding.length > 0 && c.outstanding[0]!.index < c.responses) c.outstanding.shift();
  const first = c.outstanding[0];
  return first !== undefined && first.index === c.responses ? first : null;
}

/** Remembers a statement under the id that the server gave it; the oldest makes room. */
export function rememberStatement(c: Connection, id: number, statement: Statement): void {
  if (c.statements.size >= MOST_STATEMENTS) {
    for (const oldest of c.statements.keys()) {
      c.statements.delete(oldest);
      break;
    }
  }
  c.statements.set(id, statement);
}

/** Something was missed: nothing from before answers, or is answered by, anything after. */
function forgetOutstanding(c: Connection): void {
  c.requests = Math.max(c.requests, c.responses);
  c.responses = c.requests;
  c.outstanding.length = 0;
}

/** The requests are out of step; counted once until the next good one. */
export function loseRequests(c: Connection, cause: string): void {
  const f = c.request;
  stop(f, c);
  if (f.lost) return;
  f.lost = true;
  // A statement may have been prepared, or the database changed, by what was missed.
  c.prepared = null;
  forgetOutstanding(c);
  c.sink.malformed(TO_SERVER, cause);
}

/** The responses are out of step. */
export function loseResponses(c: Connection, cause: string): void {
  const f = c.response;
  stop(f, c);
  f.stage = 'idle';
  f.isLast = false;
  f.ignores = false;
  f.announces = false;
  f.awaitsTurn = true;
  forgetOutstanding(c);
  if (f.lost) return;
  f.lost = true;
  c.sink.malformed(TO_CLIENT, cause);
}

function stop(f: Flow, c: Connection): void {
  resetPackets(f.packets);
  resetFrames(f.frames);
  f.packets.stopped = true;
  const message = f.open;
  f.open = null;
  if (message !== null) c.sink.end(message, Math.max(message.start, f.reached), null);
}
