import type { Message } from '../protocol.ts';
import { createNumeral, type Numeral } from './numeral.ts';

/** What the next byte of the replies is part of. */
export type ReplyPhase = 'type' | 'number' | 'line' | 'bulk' | 'lost' | 'tunnel';

/** Deeper nesting is refused; Redis itself gives a handful of levels. */
export const DEEPEST = 64;
/** Kept of a status or error line, of a push's kind and channel. */
export const REPLY_CAPTURE = 256;

/** The direction to the client. */
export interface ReplyFlow {
  phase: ReplyPhase;
  next: number;
  lost: boolean;
  /** A good reply has been read on this connection. */
  synchronised: boolean;
  /** Lost within an aggregate: what looks like replies may be its elements until a request was seen. */
  awaitsTurn: boolean;
  readsLost: number;
  start: number;
  /** Type bytes of the value that is being read and of the reply as a whole. */
  type: number;
  top: number;
  readonly numeral: Numeral;
  /** Elements to come of each aggregate around the present value; infinite: a mark tells its end. */
  readonly left: number[];
  /** Attributes come before the value they belong to and are none themselves. */
  readonly isAttribute: boolean[];
  /** It is a text that comes in parts. */
  readonly isText: boolean[];
  depth: number;
  /** Bytes of the bulk to come, its CRLF among them. */
  remaining: number;
  lineLength: number;
  cr: boolean;
  open: Message | null;
  /** An attribute has just ended: what follows belongs to it. */
  afterAttribute: boolean;
  /** What the reply is depends on its first elements, which are kept. */
  inspects: boolean;
  /** Number of the element at depth 1 that is being read. */
  element: number;
  elements: number;
  captures: boolean;
  /** The first element, which says what a push is, was not seen whole. */
  isKindCut: boolean;
  readonly text: Uint8Array;
  textLength: number;
  /** Ends of the first three elements in `text`, and their types. */
  readonly ends: number[];
  readonly types: number[];
}

export function createReplyFlow(): ReplyFlow {
  return {
    phase: 'type',
    next: -1,
    lost: false,
    synchronised: false,
    awaitsTurn: false,
    readsLost: 0,
    start: 0,
    type: 0,
    top: 0,
    numeral: createNumeral(),
    left: [],
    isAttribute: [],
    isText: [],
    depth: 0,
    remaining: 0,
    lineLength: 0,
    cr: false,
    open: null,
    afterAttribute: false,
    inspects: false,
    element: 0,
    elements: 0,
    captures: false,
    isKindCut: false,
    text: new Uint8Array(REPLY_CAPTURE),
    textLength: 0,
    ends: [],
    types: [],
  };
}
