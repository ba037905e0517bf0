import { utf8 } from '../bytes.ts';

/** What is nested deeper is not read. */
const DEEPEST = 64;
const LONGEST_TEXT = 1024;
const END = 0x5a;

/**
 * Reads and skips values of Hessian 2.0 (Caucho, "Hessian 2.0 Serialization Protocol", §4 to §13), in the dialect of
 * Dubbo's hessian-lite. What is missing or makes no sense leaves `failed` set; nothing throws, and no length is believed.
 */
export class HessianReader {
  at = 0;
  failed = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  /** Numbers of fields of the classes that were defined so far. */
  readonly #fields: number[] = [];
  /** Name of the class that was defined first. */
  firstClass = '';

  /** Begins to read [from, to). */
  begin(bytes: Uint8Array, from: number, to: number): void {
    this.#bytes = bytes;
    this.at = from;
    this.#end = to;
    this.failed = false;
    this.#fields.length = 0;
    this.firstClass = '';
  }

  /** The tag of the next value; -1 at the end. */
  get next(): number {
    return this.at < this.#end ? this.#bytes[this.at]! : -1;
  }

  /** A string, at most `LONGEST_TEXT` bytes of it; null: it is something else, which has been skipped. */
  text(): string | null {
    const tag = this.next;
    if (!isString(tag)) {
      this.skip();
      return null;
    }
    let out = '';
    for (;;) {
      const isLast = this.#chunk();
      if (this.failed) return null;
      if (out.length < LONGEST_TEXT) {
        out += utf8(this.#bytes, this.#from, Math.min(this.at, this.#from + LONGEST_TEXT));
      }
      if (isLast) return out;
    }
  }

  /** A small integer, as codes and counts are; -1: it is something else. */
  int(): number {
    const tag = this.#byte();
    if (tag >= 0x80 && tag <= 0xbf) return tag - 0x90;
    if (tag >= 0xc0 && tag <= 0xcf) return ((tag - 0xc8) << 8) | this.#byte();
    if (tag >= 0xd0 && tag <= 0xd7) return ((tag - 0xd4) << 16) | (this.#byte() << 8) | this.#byte();
    if (tag === 0x49) return (this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte();
    this.failed = true;
    return -1;
  }

  /** Whether a map begins; its tag and type are then behind us: entries follow until `mapEnds`. */
  mapBegins(): boolean {
    const tag = this.next;
    if (tag !== 0x48 && tag !== 0x4d) return false;
    this.at++;
    if (tag === 0x4d) this.#type();
    return !this.failed;
  }

  /** Whether the map is over, or cannot be read on. */
  mapEnds(): boolean {
    if (this.failed || this.next < 0) return true;
    if (this.next !== END) return false;
    this.at++;
    return true;
  }

  /** Leaves a value behind, with all that is in it. */
  skip(depth: number = 0): void {
    if (depth > DEEPEST) this.failed = true;
    // Class definitions go before the value that needs them.
    while (!this.failed && this.next === 0x43) this.#define();
    if (this.failed) return;
    const tag = this.#byte();
    if (tag <= 0x1f || (tag >= 0x30 && tag <= 0x33) || tag === 0x52 || tag === 0x53) {
      this.at--;
      while (!this.#chunk() && !this.failed);
    } else if (tag <= 0x2f) this.#jump(tag - 0x20);
    else if (tag <= 0x37) this.#jump(((tag - 0x34) << 8) | this.#byte());
    else if (tag <= 0x3f) this.#jump(2);
    else if (tag >= 0x60 && tag <= 0x6f) this.#object(tag - 0x60, depth);
    else if (tag >= 0x70 && tag <= 0x77) {
      this.#type();
      this.#values(tag - 0x70, depth);
    } else if (tag >= 0x78 && tag <= 0x7f) this.#values(tag - 0x78, depth);
    else if (tag >= 0x80) this.#jump(numberLength(tag));
    else this.#skipNamed(tag, depth);
  }

  /** Tags that are letters, or stand between them. */
  #skipNamed(tag: number, depth: number): void {
    switch (tag) {
      case 0x41: // A: a part of a binary
        this.#jump(this.#length());
        if (!this.failed) this.#rest(depth);
        break;
      case 0x42: // B
        this.#jump(this.#length());
        break;
      case 0x44: // D
      case 0x4a: // a date
      case 0x4c: // L
        this.#jump(8);
        break;
      case 0x46: // F
      case 0x4e: // N
      case 0x54: // T
      case 0x5b: // 0.0
      case 0x5c: // 1.0
        break;
      case 0x49: // I
      case 0x4b: // a date in minutes
      case 0x59: // a long of 4 bytes
      case 0x5f: // a double of 4 bytes
        this.#jump(4);
        break;
      case 0x5d:
        this.#jump(1);
        break;
      case 0x5e:
        this.#jump(2);
        break;
      case 0x51: // Q: something that came before
        this.int();
        break;
      case 0x48: // H
      case 0x57: // W
        this.#untilEnd(depth);
        break;
      case 0x4d: // M
      case 0x55: // U
        this.#type();
        this.#untilEnd(depth);
        break;
      case 0x56: // V
        this.#type();
        this.#values(this.int(), depth);
        break;
      case 0x58: // X
        this.#values(this.int(), depth);
        break;
      case 0x4f: // O
        this.#object(this.int(), depth);
        break;
      default:
        this.failed = true;
    }
  }

  /** What follows a part of a binary: further parts, and the last one. */
  #rest(depth: number): void {
    while (!this.failed && this.next === 0x41) {
      this.at++;
      this.#jump(this.#length());
    }
    this.skip(depth + 1);
  }

  #untilEnd(depth: number): void {
    while (!this.failed && this.next !== END) {
      if (this.next < 0) this.failed = true;
      else this.skip(depth + 1);
    }
    this.at++;
  }

  /** Each takes a byte at least: a length that lies ends with the bytes. */
  #values(count: number, depth: number): void {
    for (let i = 0; i < count && !this.failed; i++) this.skip(depth + 1);
  }

  #object(reference: number, depth: number): void {
    const fields = this.#fields[reference];
    if (fields === undefined) this.failed = true;
    else this.#values(fields, depth);
  }

  #define(): void {
    this.at++;
    const name = this.text();
    const count = this.int();
    if (name === null || count < 0) this.failed = true;
    else if (this.#fields.length === 0) this.firstClass = name;
    for (let i = 0; i < count && !this.failed; i++) this.skip();
    this.#fields.push(count);
  }

  /** The type of a list or map: a name, or the number of one that came before. */
  #type(): void {
    if (isString(this.next)) this.skip();
    else this.int();
  }

  #from = 0;

  /** One chunk of a string, whose bytes are then [#from, at). @returns whether it is the last one */
  #chunk(): boolean {
    const tag = this.#byte();
    let chars = 0;
    if (tag <= 0x1f) chars = tag;
    else if (tag >= 0x30 && tag <= 0x33) chars = ((tag - 0x30) << 8) | this.#byte();
    else if (tag === 0x52 || tag === 0x53) chars = this.#length();
    else this.failed = true;
    this.#from = this.at;
    // The length counts UTF-16 units: surrogates are written one by one, or as a sequence of four bytes.
    while (chars > 0 && this.at < this.#end) {
      const lead = this.#bytes[this.at]!;
      this.at += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      chars -= lead < 0xf0 ? 1 : 2;
    }
    if (chars > 0 || this.at > this.#end) this.#cut();
    return tag !== 0x52;
  }

  #length(): number {
    return (this.#byte() << 8) | this.#byte();
  }

  #byte(): number {
    if (this.at < this.#end) return this.#bytes[this.at++]!;
    this.failed = true;
    return 0;
  }

  #jump(length: number): void {
    this.at += length;
    if (this.at > this.#end) this.#cut();
  }

  #cut(): void {
    this.at = this.#end;
    this.failed = true;
  }
}

function isString(tag: number): boolean {
  return (tag >= 0 && tag <= 0x1f) || (tag >= 0x30 && tag <= 0x33) || tag === 0x52 || tag === 0x53;
}

/** Bytes behind the tag of a compact int (0x80 to 0xd7) or long (0xd8 to 0xff). */
function numberLength(tag: number): number {
  if (tag <= 0xbf || (tag >= 0xd8 && tag <= 0xef)) return 0;
  if (tag <= 0xcf || tag >= 0xf0) return 1;
  return 2;
}
