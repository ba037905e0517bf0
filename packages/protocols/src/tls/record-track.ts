/** Application-data records of one direction that are remembered. */
const MOST = 64;
/** Bytes of a record that are no plaintext: TLS 1.3; AES-GCM and ChaCha20 of TLS 1.2. */
const OVERHEADS = [17, 24, 16];
const LEAST_OVERHEAD = 16;

interface Carrier {
  readonly start: number;
  readonly length: number;
  consumed: number;
}

/**
 * Which record carried some plaintext. Libraries that read ahead have several records at once, handshake messages
 * among them that look the same: their lengths tell which one a read came from.
 */
export class RecordTrack {
  #records: Carrier[] = [];

  /** An application-data record. @param length bytes behind its header */
  add(start: number, length: number): void {
    if (this.#records.length >= MOST) this.#records.shift();
    this.#records.push({ start, length, consumed: 0 });
  }

  /**
   * Position of `length` bytes of plaintext that were read next: the start of their record and the offset in it; null: no record
   * that is known can have carried them. Records before it are done with.
   */
  take(length: number): number | null {
    const at = this.#find(length);
    const found = this.#records[at];
    if (found === undefined) return null;
    this.#records.splice(0, at);
    const position = found.start + found.consumed;
    found.consumed += length;
    if (found.length - found.consumed <= Math.max(...OVERHEADS)) this.#records.shift();
    return position;
  }

  #find(length: number): number {
    const first = this.#records[0];
    // The rest of a record comes before the next.
    if (first !== undefined && first.consumed > 0 && first.length - first.consumed >= length) return 0;
    const exact = this.#records.findIndex((one) => OVERHEADS.includes(one.length - one.consumed - length));
    if (exact >= 0) return exact;
    return this.#records.findIndex((one) => one.length - one.consumed - length >= LEAST_OVERHEAD);
  }
}
