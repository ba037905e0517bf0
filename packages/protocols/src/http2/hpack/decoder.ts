import { intern } from '../../bytes.ts';
import { decodeHuffman } from './huffman.ts';
import { ENTRY_OVERHEAD, type HeaderField, HeaderTable } from './table.ts';

/** A header block longer than this is not read. */
export const LONGEST_BLOCK = 65_536;
/** Fields of one block that are given out; RFC 7541 sets no limit, servers commonly do at 100. */
const MOST_FIELDS = 256;
/** Dynamic table sizes that anybody would ask for. */
const LARGEST_SIZE_UPDATE = 0x7fff_ffff;

/** Huffman codes have at least five bits. */
const scratch = new Uint8Array((LONGEST_BLOCK * 8) / 5 + 1);

/**
 * Decodes the header blocks of one direction of a connection (RFC 7541), in the order in which they were sent.
 * Values of names that nobody asked for are measured, not kept.
 */
export class HpackDecoder {
  /** Fields of the block that was decoded last: the first `count` of them. */
  readonly fields: HeaderField[] = [];
  count = 0;
  readonly #table = new HeaderTable();
  readonly #wanted: ReadonlySet<string>;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** @param wanted names whose values are asked for */
  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  /** Blocks were missed, or are from before the watch: indices behind what is added from now on are unknown. */
  forget(): void {
    this.#table.forget();
  }

  /**
   * Decodes the block [from, to) into `fields`. A field of an index that cannot be known has the name `''`.
   * @returns false where it is no header block; the table is then forgotten
   */
  decode(bytes: Uint8Array, from: number, to: number): boolean {
    this.count = 0;
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    let good = to - from <= LONGEST_BLOCK;
    while (good && this.#at < to) good = this.#field();
    if (!good) this.#table.forget();
    return good;
  }

  #field(): boolean {
    const first = this.#bytes[this.#at]!;
    if (first >= 0x80) {
      const index = this.#integer(7);
      const field = index > 0 ? this.#table.at(index) : null;
      if (field === null) return false;
      this.#give(field);
      return true;
    }
    if (first >= 0x40) return this.#literal(6, true);
    if (first < 0x20) return this.#literal(4, false);
    // A size update stands at the block's begin (RFC 7541 §4.2).
    const size = this.#integer(5);
    if (size < 0 || size > LARGEST_SIZE_UPDATE || this.count > 0) return false;
    this.#table.resize(size);
    return true;
  }

  #literal(prefix: number, isIndexed: boolean): boolean {
    const index = this.#integer(prefix);
    if (index < 0) return false;
    let name: string;
    if (index > 0) {
      const named = this.#table.at(index);
      if (named === null) return false;
      name = named.name;
    } else {
      const length = this.#text();
      if (length <= 0) return false;
      name = intern(textFrom.bytes, textFrom.at, textFrom.at + length);
    }
    const length = this.#text();
    if (length < 0) return false;
    const isWanted = this.#wanted.has(name);
    if (!isWanted && !isIndexed) {
      this.#give({ name, value: '', size: 0 });
      return true;
    }
    const value = isWanted ? intern(textFrom.bytes, textFrom.at, textFrom.at + length) : '';
    const field = { name, value, size: ENTRY_OVERHEAD + name.length + length };
    if (isIndexed) this.#table.add(field);
    this.#give(field);
    return true;
  }

  #give(field: HeaderField): void {
    if (this.count < MOST_FIELDS) this.fields[this.count++] = field;
  }

  /** RFC 7541 §5.1. @returns -1 where it is cut or beyond 32 bits */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = this.#bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let factor = 1; this.#at < this.#end && factor <= 0x1000_0000; factor *= 128) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return -1;
  }

  /** Reads a string literal (RFC 7541 §5.2) to `textFrom`. @returns its length, -1 where it is none */
  #text(): number {
    if (this.#at >= this.#end) return -1;
    const isCoded = this.#bytes[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const from = this.#at;
    if (length < 0 || length > this.#end - from) return -1;
    this.#at = from + length;
    if (isCoded) {
      textFrom.bytes = scratch;
      textFrom.at = 0;
      return decodeHuffman(this.#bytes, from, from + length, scratch);
    }
    textFrom.bytes = this.#bytes;
    textFrom.at = from;
    return length;
  }
}

/** Where the text lies that was read last. */
const textFrom: { bytes: Uint8Array; at: number } = { bytes: scratch, at: 0 };
