import { createNumeral, type Numeral } from './numeral.ts';

/** What the next byte of the requests is part of. */
export type RequestPhase =
  | 'start'
  | 'inline'
  | 'count'
  | 'dollar'
  | 'length'
  | 'bulk'
  /** Out of step: waits for something like a command. */
  | 'lost'
  /** No requests any more (replication). */
  | 'tunnel';

/** All that is kept of a command. */
export const CAPTURE = 512;
const MASKED_ARGUMENT = 32;
const PLAIN_ARGUMENT = 256;

/** The direction to the server. */
export interface RequestFlow {
  phase: RequestPhase;
  /** Position after the last byte that was fed or reported as a gap; -1 before the first. */
  next: number;
  lost: boolean;
  start: number;
  readonly numeral: Numeral;
  /** Arguments of the command, its words among them, and how many were read. */
  count: number;
  read: number;
  /** Bytes of the argument to come, its CRLF among them. */
  remaining: number;
  /** Bytes of the argument still worth keeping. */
  wanted: number;
  /** Beginnings of the first arguments, one after the other; allocated by the first command. */
  text: Uint8Array | null;
  textLength: number;
  readonly ends: number[];
  readonly isCut: boolean[];
  /** How many arguments are kept, and how much of each. */
  readonly mostArguments: number;
  readonly mostBytes: number;
  lineLength: number;
  /** The last good command was inline. */
  isInline: boolean;
}

/** @param mask arguments are hidden, so that only the command's words matter */
export function createRequestFlow(mask: boolean): RequestFlow {
  return {
    phase: 'start',
    next: -1,
    lost: false,
    start: 0,
    numeral: createNumeral(),
    count: 0,
    read: 0,
    remaining: 0,
    wanted: 0,
    text: null,
    textLength: 0,
    ends: [],
    isCut: [],
    // CLIENT REPLY OFF is the longest that matters where arguments are hidden.
    mostArguments: mask ? 3 : 64,
    mostBytes: mask ? MASKED_ARGUMENT : PLAIN_ARGUMENT,
    lineLength: 0,
    isInline: false,
  };
}
