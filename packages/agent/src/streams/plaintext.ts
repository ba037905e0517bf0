import type { Moment } from '@weft/causality';
import { type ParserOptions, type Side, TO_CLIENT, TO_SERVER } from '@weft/protocols';
import type { ExchangeSink } from '../sessions/session.ts';
import { type CarriedPlaintext, Connection } from './connection.ts';
import type { ConnectionFacts } from './connection-facts.ts';

/** Chunks whose records are remembered per side. */
const MARKS = 32;

/** Where on the wire the plaintext of one direction was. */
class Carriers {
  readonly #positions: number[] = new Array<number>(MARKS).fill(Number.NaN);
  readonly #wire: number[] = new Array<number>(MARKS).fill(0);
  #at = 0;

  add(position: number, wire: number): void {
    this.#at = (this.#at + 1) % MARKS;
    this.#positions[this.#at] = position;
    this.#wire[this.#at] = wire;
  }

  /** Sequence of the record that carried the byte at `position`, plus the offset in it. */
  wireOf(position: number): number {
    let found = position;
    for (let i = 0; i < MARKS; i++) {
      const at = (this.#at - i + MARKS) % MARKS;
      const start = this.#positions[at]!;
      if (Number.isNaN(start)) break;
      found = this.#wire[at]! + position - start;
      if (start <= position) break;
    }
    return found >>> 0;
  }
}

/**
 * What TLS carries on one connection: two streams of plaintext and the protocol spoken on them. Its chunks come in
 * order and without gaps, since a library gives and takes them in order.
 */
export class Plaintext implements CarriedPlaintext {
  readonly connection: Connection;
  readonly #carriers = [new Carriers(), new Carriers()] as const;
  /** Bytes so far by side. */
  readonly #bytes: [number, number] = [0, 0];
  #other = 0;

  constructor(facts: ConnectionFacts, sink: ExchangeSink, options: ParserOptions) {
    const carriers = this.#carriers;
    const other = () => this.#other;
    this.connection = new Connection(facts, sink, options, 0, {
      of: (side, position) => carriers[side].wireOf(position),
      get other() {
        return other();
      },
    });
  }

  add(
    side: Side,
    wire: number,
    otherWire: number,
    length: number,
    bytes: Uint8Array,
    time: number,
    moment: Moment,
  ): void {
    const position = this.#bytes[side];
    this.#carriers[side].add(position, wire);
    this.#other = otherWire;
    this.#bytes[side] += length;
    const otherBytes = this.#bytes[side === TO_SERVER ? TO_CLIENT : TO_SERVER];
    this.connection.add(side, position, otherBytes, length, 0, bytes, time, moment);
  }
}
