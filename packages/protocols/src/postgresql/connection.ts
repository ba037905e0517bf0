import { type CarriedNames, carriedNames } from '../carried/names.ts';
import type { Message, MessageSink, ParserOptions } from '../protocol.ts';
import type { SqlDescription } from '../sql/index.ts';
import { createFrames, type Frames } from './frames.ts';
import { createStatements, type Statements } from './statements.ts';
import { BACKEND, FRONTEND } from './types.ts';

/**
 * What the client has said since its last request: messages of the extended query protocol until the one that
 * makes them a request.
 */
export interface Group {
  /** Position of the first one, -1: there is none. */
  start: number;
  /** One of them is no Close. */
  asks: boolean;
  /** The text of its Parse. */
  parsed: SqlDescription | null;
  isParsed: boolean;
  isBound: boolean;
  /** The statement of its Bind, null if that is not known. */
  bound: SqlDescription | null;
  /** The request, if a Flush made it known before its end. */
  open: Message | null;
}

/** What the server has said since its last response. */
export interface Answer {
  /** Position of the first message, -1: there is none. */
  start: number;
  /** So far these are notices, which also come unasked. */
  isAside: boolean;
  /** One of them is no CloseComplete. */
  says: boolean;
  /** Bytes of it were lost: whether it tells of a success or an error is known only if its end is seen. */
  isTorn: boolean;
  /** The server has said how it ended. */
  isOver: boolean;
  /** A statement was described: the answer is over with its columns. */
  describes: boolean;
  /** Columns of rows were described. */
  hasColumns: boolean;
  isLogin: boolean;
  isCopyOut: boolean;
  rows: number;
  /** Rows as the command tags say, -1: none said so. */
  tagged: number;
  /** SQLSTATE of the first error, '' none. */
  error: string;
}

/** Both directions of a connection. */
export interface Connection {
  readonly sink: MessageSink;
  readonly mask: boolean;
  readonly names: CarriedNames;
  readonly frontend: Frames;
  readonly backend: Frames;
  readonly group: Group;
  readonly answer: Answer;
  readonly statements: Statements;
  /** Requests without the responses to them; below zero where responses were read first. */
  outstanding: number;
  /** Requests since the last round ended: a round is what one ReadyForQuery ends. */
  requestsInRound: number;
  /** Responses since the last ReadyForQuery. */
  responsesInRound: number;
  /** Requests of the rounds that no ReadyForQuery has ended yet. */
  readonly rounds: number[];
  /** Responses of rounds whose end was read before the requests'; infinitely many where none can have been skipped. */
  readonly roundsAhead: number[];
  /** The server has reported an error in this round. */
  hasFailed: boolean;
  /** The answers of this round are those of the extended query protocol, each with an end of its own. */
  isExtended: boolean;
  /** Requests for encryption that wait for their one byte. */
  negotiations: number;
  /** The client sent the end of a COPY: the Sync behind it asks nothing. */
  copied: boolean;
  /** What is read is the rest of something whose beginning was not seen: no requests, or no responses, come of it. */
  isRequestPartial: boolean;
  isAnswerPartial: boolean;
  /** Database of the connection, '' unknown. */
  namespace: string;
  /** standard_conforming_strings is off. */
  backslash: boolean;
}

/** State of a new connection. */
export function createConnection(sink: MessageSink, options: ParserOptions): Connection {
  return {
    sink,
    mask: options.mask,
    names: carriedNames(options),
    frontend: createFrames(FRONTEND),
    backend: createFrames(BACKEND),
    group: { start: -1, asks: false, parsed: null, isParsed: false, isBound: false, bound: null, open: null },
    answer: {
      start: -1,
      isAside: false,
      says: false,
      isTorn: false,
      isOver: false,
      describes: false,
      hasColumns: false,
      isLogin: false,
      isCopyOut: false,
      rows: 0,
      tagged: -1,
      error: '',
    },
    statements: createStatements(),
    outstanding: 0,
    requestsInRound: 0,
    responsesInRound: 0,
    rounds: [],
    roundsAhead: [],
    hasFailed: false,
    isExtended: false,
    negotiations: 0,
    copied: false,
    isRequestPartial: false,
    isAnswerPartial: false,
    namespace: '',
    backslash: false,
  };
}

/** The next message of the client begins another request. */
export function resetGroup(g: Group): void {
  g.start = -1;
  g.asks = false;
  g.parsed = null;
  g.isParsed = false;
  g.isBound = false;
  g.bound = null;
  g.open = null;
}

/** The next message of the server begins another response. */
export function resetAnswer(a: Answer): void {
  a.start = -1;
  a.isAside = false;
  a.says = false;
  a.isTorn = false;
  a.isOver = false;
  a.describes = false;
  a.hasColumns = false;
  a.isLogin = false;
  a.isCopyOut = false;
  a.rows = 0;
  a.tagged = -1;
  a.error = '';
}

/** Something was missed: nothing from before answers, or is answered by, anything after. */
export function forgetRounds(c: Connection): void {
  c.outstanding = 0;
  c.responsesInRound = 0;
  c.rounds.length = 0;
  c.roundsAhead.length = 0;
  c.negotiations = 0;
}
