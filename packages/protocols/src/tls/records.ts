import type { Side } from '../protocol.ts';

/** RFC 8446, 5.1: ContentType. */
export const CHANGE_CIPHER_SPEC = 20;
export const ALERT = 21;
export const HANDSHAKE = 22;
export const APPLICATION_DATA = 23;

export const RECORD_HEADER = 5;
/** RFC 5246, 6.2.3: 2^14 and at most 2048 for what encryption adds. */
const MOST_RECORD = 16_384 + 2_048;
/** Of a record, so much is kept to be read: a chain of certificates fits. */
const MOST_KEPT = 16_384;

/** What the framing finds. */
export interface RecordSink {
  /**
   * A record is complete.
   * @param start position of its header
   * @param length bytes behind the header
   * @param body what was asked for and seen of it, from its first byte; valid during the call only
   */
  record(side: Side, type: number, start: number, length: number, body: Uint8Array): void;
  /** These bytes begin no record: nothing is understood up to the next that do. */
  lost(side: Side): void;
}

/** Whether a record can begin with these five bytes. */
export function isRecordHeader(bytes: Uint8Array, at = 0): boolean {
  const type = bytes[at]!;
  const length = (bytes[at + 3]! << 8) | bytes[at + 4]!;
  return (
    type >= CHANGE_CIPHER_SPEC &&
    type <= APPLICATION_DATA &&
    bytes[at + 1] === 3 &&
    bytes[at + 2]! <= 4 &&
    length > 0 &&
    length <= MOST_RECORD
  );
}

/** One direction's records. */
export class RecordFraming {
  readonly #side: Side;
  readonly #sink: RecordSink;
  readonly #wantsBody: (type: number) => boolean;
  readonly #header = new Uint8Array(RECORD_HEADER);
  #headerBytes = 0;
  #start = -1;
  #type = 0;
  #length = 0;
  /** Bytes of the body still to come. */
  #left = 0;
  #body: Uint8Array = new Uint8Array(0);
  #kept = 0;
  /** Some of the body was not seen: what is kept ends there. */
  #torn = false;
  /** Position of the next byte; -1 before the first. */
  #next = -1;
  #lost = false;

  constructor(side: Side, sink: RecordSink, wantsBody: (type: number) => boolean) {
    this.#side = side;
    this.#sink = sink;
    this.#wantsBody = wantsBody;
  }

  /** Position of the next byte that is needed: inside a body that nobody reads, its end. */
  get needed(): number {
    const skipsBody = this.#left > 0 && this.#headerBytes === RECORD_HEADER && !this.#wantsBody(this.#type);
    return Math.max(0, skipsBody ? this.#next + this.#left : this.#next);
  }

  feed(bytes: Uint8Array, position: number): void {
    if (this.#next >= 0 && position > this.#next) this.gap(this.#next, position - this.#next);
    let at = 0;
    while (at < bytes.length) {
      if (this.#headerBytes < RECORD_HEADER) at = this.#takeHeader(bytes, at, position);
      else at = this.#takeBody(bytes, at);
    }
    this.#next = position + bytes.length;
  }

  #takeHeader(bytes: Uint8Array, from: number, position: number): number {
    let at = from;
    if (this.#headerBytes === 0) {
      this.#start = position + at;
      // Records begin where chunks do, mostly: that is where to go on.
      if (this.#lost && at > 0) return bytes.length;
    }
    while (at < bytes.length && this.#headerBytes < RECORD_HEADER)
      this.#header[this.#headerBytes++] = bytes[at++]!;
    if (this.#headerBytes < RECORD_HEADER) return at;
    if (!isRecordHeader(this.#header)) {
      this.#headerBytes = 0;
      if (!this.#lost) this.#sink.lost(this.#side);
      this.#lost = true;
      return bytes.length;
    }
    this.#lost = false;
    this.#type = this.#header[0]!;
    this.#length = (this.#header[3]! << 8) | this.#header[4]!;
    this.#left = this.#length;
    this.#kept = 0;
    this.#torn = false;
    return at;
  }

  #takeBody(bytes: Uint8Array, at: number): number {
    const n = Math.min(this.#left, bytes.length - at);
    if (!this.#torn && this.#wantsBody(this.#type)) this.#keep(bytes.subarray(at, at + n));
    this.#left -= n;
    if (this.#left === 0) this.#complete();
    return at + n;
  }

  #keep(bytes: Uint8Array): void {
    const n = Math.min(bytes.length, MOST_KEPT - this.#kept);
    if (this.#kept + n > this.#body.length) {
      const larger = new Uint8Array(Math.max(512, 2 * (this.#kept + n)));
      larger.set(this.#body.subarray(0, this.#kept));
      this.#body = larger;
    }
    this.#body.set(bytes.subarray(0, n), this.#kept);
    this.#kept += n;
  }

  #complete(): void {
    this.#headerBytes = 0;
    this.#sink.record(this.#side, this.#type, this.#start, this.#length, this.#body.subarray(0, this.#kept));
  }

  gap(position: number, length: number): void {
    const end = position + length;
    let at = position;
    if (this.#headerBytes === RECORD_HEADER) {
      const n = Math.min(this.#left, length);
      this.#torn = true;
      this.#left -= n;
      at += n;
      if (this.#left === 0) this.#complete();
    }
    if (at < end) {
      // A header was in it.
      this.#headerBytes = 0;
      this.#lost = true;
    }
    this.#next = end;
  }
}
