import { BpfError, usageError } from './errors.ts';
import { copyFrom, type Mapping, mapFd, pageSize } from './memory.ts';
import { native, type Pointer } from './native.ts';
import { RingBuffer } from './ring-buffer.ts';
import { MAP_TYPES, possibleCpus } from './system.ts';

const BPF_F_RDONLY_PROG = 1 << 7;
const BPF_F_MMAPABLE = 1 << 10;
const ENOENT = 2;

/** Flags of `update` (linux/bpf.h): any, only a new key, only a key that is there. */
export const UPDATE_FLAGS = { any: 0, create: 1, exist: 2 } as const;

const PER_CPU: ReadonlySet<number> = new Set([
  MAP_TYPES.percpu_array,
  MAP_TYPES.percpu_hash,
  MAP_TYPES.lru_percpu_hash,
]);

/** Values of global variables are keyed by their section (`.bss`), whatever libbpf puts before it. */
function publicName(name: string): string {
  const dot = name.indexOf('.');
  return dot < 0 ? name : name.slice(dot);
}

/** A map of an object: settings before `object.load()`, elements after it. */
export class BpfMap {
  /** Name in the source; for global variables the section: `.rodata`, `.data`, `.bss`. */
  readonly name: string;
  /** Number of `enum bpf_map_type`, see `MAP_TYPES`. */
  readonly type: number;
  /** Bytes of a key. */
  readonly keySize: number;
  /** Bytes of a value as `lookup` gives it; of one CPU's value for per-CPU maps. */
  valueSize: number;
  readonly perCpu: boolean;
  private handle: Pointer;
  private readonly flags: number;
  private entries: number;
  private loadedFd = -1;
  /** Bytes that the kernel reads and writes for one element: of all CPUs, each rounded up to 8. */
  private transferSize: number;
  private readonly mappings: { close(): void }[] = [];

  /** Maps come from `object.maps`. */
  constructor(handle: Pointer) {
    const n = native();
    this.handle = handle;
    this.name = publicName(n.mapName(handle));
    this.type = n.mapType(handle);
    this.keySize = n.mapKeySize(handle);
    this.valueSize = n.mapValueSize(handle);
    this.entries = n.mapMaxEntries(handle);
    this.flags = n.mapFlags(handle);
    this.perCpu = PER_CPU.has(this.type);
    this.transferSize = this.perCpu ? this.stride * possibleCpus() : this.valueSize;
  }

  /** Elements that the map can hold; bytes of data for a ring buffer. */
  get maxEntries(): number {
    return this.entries;
  }

  /** File descriptor of the map in the kernel; -1 before `object.load()` and after `object.close()`. */
  get fd(): number {
    return this.loadedFd;
  }

  /**
   * Sets how many elements the map can hold (bytes for a ring buffer, rounded up by libbpf to a power of
   * two of pages). Before `object.load()` only.
   * @throws BpfError
   */
  setMaxEntries(entries: number): void {
    this.check(
      `set size of map ${this.name}`,
      native().mapSetMaxEntries(this.unloaded('set size of'), entries),
    );
    this.entries = native().mapMaxEntries(this.handle);
  }

  /**
   * Sets how large a value is, for maps whose values have no type in BTF (`__uint(value_size, …)`); otherwise the
   * kernel compares with that type. Before `object.load()` only.
   * @throws BpfError
   */
  setValueSize(bytes: number): void {
    this.check(
      `set value size of map ${this.name}`,
      native().mapSetValueSize(this.unloaded('set value size of'), bytes),
    );
    this.valueSize = bytes;
    this.transferSize = this.perCpu ? this.stride * possibleCpus() : bytes;
  }

  /**
   * Whether `object.load()` creates the map. Switch it off for one that the kernel does not know and that
   * no program to be loaded uses.
   * @throws BpfError
   */
  setAutocreate(on: boolean): void {
    this.check(`set autocreate of map ${this.name}`, native().mapSetAutocreate(this.unloaded('set up'), on));
  }

  /** A copy of the initial value of a map of global variables; null for other maps. */
  initialValue(): Uint8Array | null {
    const size = new BigUint64Array(1);
    const address = native().mapInitialValue(this.unloaded('read initial value of'), size);
    return address === null ? null : copyFrom(address, Number(size[0]));
  }

  /**
   * Sets the initial value of a map of global variables, the whole of it. Before `object.load()` only.
   * @throws BpfError
   */
  setInitialValue(value: Uint8Array): void {
    const handle = this.unloaded('set initial value of');
    this.checkSize('value', value, this.valueSize);
    this.check(
      `set initial value of map ${this.name}`,
      native().mapSetInitialValue(handle, value, value.length),
    );
  }

  /**
   * The value of a key, or null when there is none. Of a per-CPU map: the values of all CPUs, each
   * rounded up to 8 bytes, in a row.
   * @throws BpfError for anything but a missing key
   */
  lookup(key: Uint8Array): Uint8Array | null {
    const value = new Uint8Array(this.transferSize);
    return this.lookupInto(key, value) ? value : null;
  }

  /** `lookup` into memory of the caller, for what is read often. @returns whether the key was there */
  lookupInto(key: Uint8Array, value: Uint8Array): boolean {
    this.checkSize('key', key, this.keySize);
    this.checkSize('value', value, this.transferSize);
    const error = native().lookup(this.loadedFd, this.keyOf(key), value);
    if (error === -ENOENT) return false;
    this.check(`look up in map ${this.name}`, error);
    return true;
  }

  /** The values of a key of a per-CPU map, one for each possible CPU; null when the key is missing. */
  lookupPerCpu(key: Uint8Array): Uint8Array[] | null {
    if (!this.perCpu) throw usageError(`look up in map ${this.name}`, 'it is not per CPU');
    const values = this.lookup(key);
    if (values === null) return null;
    const list: Uint8Array[] = [];
    for (let at = 0; at < values.length; at += this.stride)
      list.push(values.subarray(at, at + this.valueSize));
    return list;
  }

  /**
   * Sets the value of a key (of a per-CPU map: all CPUs' values in a row, as `lookup` gives them).
   * @param flags one of `UPDATE_FLAGS`
   * @throws BpfError
   */
  update(key: Uint8Array, value: Uint8Array, flags: number = UPDATE_FLAGS.any): void {
    this.checkSize('key', key, this.keySize);
    this.checkSize('value', value, this.transferSize);
    this.check(`update map ${this.name}`, native().update(this.loadedFd, this.keyOf(key), value, flags));
  }

  /** Removes a key. @returns whether it was there @throws BpfError */
  delete(key: Uint8Array): boolean {
    this.checkSize('key', key, this.keySize);
    const error = native().delete(this.loadedFd, key);
    if (error === -ENOENT) return false;
    this.check(`delete from map ${this.name}`, error);
    return true;
  }

  /**
   * The keys of the map, each a new array. While others change a hash map, keys may come twice or be left
   * out; at most `maxEntries` come, so it ends.
   * @throws BpfError
   */
  *keys(): Generator<Uint8Array, void, undefined> {
    let key: Uint8Array | null = null;
    for (let count = 0; count < this.entries; count++) {
      const next: Uint8Array = new Uint8Array(this.keySize);
      const error = native().nextKey(this.loadedFd, key, next);
      if (error === -ENOENT) return;
      this.check(`iterate map ${this.name}`, error);
      // The caller may change what it gets; the walk goes on from a copy.
      key = next.slice();
      yield next;
    }
  }

  /**
   * The live memory of an array map with BPF_F_MMAPABLE, or of `.bss` and `.data`: what a program writes
   * is seen at once and the other way round. Element `i` begins at `i * stride`. It ends with the object:
   * the bytes then are zeros that nobody reads.
   * @throws BpfError
   */
  mmap(): Uint8Array {
    const operation = `mmap map ${this.name}`;
    if ((this.flags & BPF_F_MMAPABLE) === 0) throw usageError(operation, 'it has not BPF_F_MMAPABLE');
    // A frozen map could be mapped for reading, but then a mere assignment in JavaScript would crash.
    if ((this.flags & BPF_F_RDONLY_PROG) !== 0) throw usageError(operation, 'it is read only: use lookup');
    this.needLoaded(operation);
    const bytes = this.stride * this.entries;
    const page = pageSize();
    const mapping: Mapping = mapFd(operation, this.loadedFd, 0, Math.ceil(bytes / page) * page, true);
    this.mappings.push(mapping);
    return new Uint8Array(mapping.buffer, 0, bytes);
  }

  /** Bytes from one element to the next in `mmap`, and from one CPU's value to the next in `lookup`. */
  get stride(): number {
    return (this.valueSize + 7) & ~7;
  }

  /**
   * Maps a BPF_MAP_TYPE_RINGBUF for reading. Closed with the object.
   * @throws BpfError
   */
  openRing(): RingBuffer {
    const operation = `map ring ${this.name}`;
    if (this.type !== MAP_TYPES.ringbuf) throw usageError(operation, 'it is not a ring buffer');
    this.needLoaded(operation);
    const ring = new RingBuffer(this.name, this.loadedFd, this.entries);
    this.mappings.push(ring);
    return ring;
  }

  /** Called by the object after a load: the kernel has the map now. */
  onLoad(): void {
    this.loadedFd = Math.max(-1, native().mapFd(this.handle));
    this.entries = native().mapMaxEntries(this.handle);
  }

  /** Called by the object: everything that refers to the map's memory ends. */
  onClose(): void {
    for (const mapping of this.mappings) mapping.close();
    this.mappings.length = 0;
    this.handle = null;
    this.loadedFd = -1;
  }

  private unloaded(operation: string): Pointer {
    if (this.handle === null) throw usageError(`${operation} map ${this.name}`, 'the object is closed');
    if (this.loadedFd >= 0) throw usageError(`${operation} map ${this.name}`, 'the object is loaded already');
    return this.handle;
  }

  private needLoaded(operation: string): void {
    if (this.loadedFd < 0) throw usageError(operation, 'the object is not loaded');
  }

  /** Queues and the like have no key: the kernel wants a null pointer then. */
  private keyOf(key: Uint8Array): Uint8Array | null {
    return this.keySize === 0 ? null : key;
  }

  /** The kernel reads and writes as many bytes as the map says: a short array would corrupt memory. */
  private checkSize(what: string, bytes: Uint8Array, size: number): void {
    if (bytes.byteLength === size) return;
    throw usageError(`use map ${this.name}`, `a ${what} has ${size} bytes, not ${bytes.byteLength}`);
  }

  private check(operation: string, result: number): void {
    if (result >= 0) return;
    const detail = this.loadedFd < 0 && this.handle === null ? 'the object is closed' : '';
    throw new BpfError(operation, -result, detail);
  }
}
