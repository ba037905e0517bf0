import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { MAGIC, type ProcessRecord, RECORD, type RecordingHeader } from './format.ts';

const BUFFER_BYTES = 1 << 20;

/** Writes a recording; the file is readable by its owner alone, since it holds payload. */
export class RecordingWriter {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #used = 0;
  /** Bytes written so far, the buffered ones included. */
  bytes = 0;

  constructor(path: string, header: RecordingHeader) {
    this.#fd = openSync(path, 'w', 0o600);
    // A file that was there before keeps its mode otherwise.
    fchmodSync(this.#fd, 0o600);
    this.#append(new TextEncoder().encode(MAGIC));
    const json = new TextEncoder().encode(JSON.stringify(header));
    this.#words(json.length, 0);
    this.#append(json);
    this.#pad(json.length);
  }

  /** A kernel event as it lies in the ring. */
  event(bytes: Uint8Array, offset: number, length: number): void {
    this.#words(length, RECORD.event);
    this.#append(bytes.subarray(offset, offset + length));
    this.#pad(length);
  }

  process(record: ProcessRecord): void {
    const json = new TextEncoder().encode(JSON.stringify(record));
    this.#words(json.length, RECORD.process);
    this.#append(json);
    this.#pad(json.length);
  }

  close(): void {
    this.#flush();
    closeSync(this.#fd);
  }

  #words(a: number, b: number): void {
    if (this.#used + 8 > BUFFER_BYTES) this.#flush();
    this.#view.setUint32(this.#used, a, true);
    this.#view.setUint32(this.#used + 4, b, true);
    this.#used += 8;
    this.bytes += 8;
  }

  #append(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BUFFER_BYTES) this.#flush();
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
    this.bytes += bytes.length;
  }

  #pad(length: number): void {
    const padding = -length & 7;
    if (padding > 0) this.#append(new Uint8Array(padding));
  }

  #flush(): void {
    let written = 0;
    while (written < this.#used) written += writeSync(this.#fd, this.#buffer, written, this.#used - written);
    this.#used = 0;
  }
}
