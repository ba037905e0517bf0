import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Btf, readBtf } from './btf.ts';
import { BpfError, usageError } from './errors.ts';
import { tailOf, tailOfMemory, withCapturedLog } from './log.ts';
import { BpfMap } from './map.ts';
import { allocate, type Scratch } from './memory.ts';
import { lastErrno, native, type Pointer } from './native.ts';
import { Program } from './program.ts';
import { encodeVariable, type VariableValue } from './variables.ts';

/** Room for the verifier's log. Only what is written takes memory; too small a buffer would fail with ENOSPC. */
const KERNEL_LOG_BYTES = 16 * 1024 * 1024;

export interface OpenOptions {
  /** Name of the object in messages; its first 8 characters begin the names of its maps of global variables. */
  readonly name?: string;
}

/** Objects of this thread that are open: they end with the thread, which need not end the process. */
const openObjects = new Set<BpfObject>();
let closesAtExit = false;

function remember(object: BpfObject): void {
  openObjects.add(object);
  if (closesAtExit) return;
  closesAtExit = true;
  process.on('exit', () => {
    for (const remaining of openObjects) remaining.close();
  });
}

/** An object file of BPF programs and maps. `openObject` makes it; set it up, `load`, attach, `close`. */
export class BpfObject {
  readonly name: string;
  /** In the order of the file. */
  readonly programs: readonly Program[];
  /** By name in the source; `.rodata`, `.data`, `.bss` hold the global variables. */
  readonly maps: ReadonlyMap<string, BpfMap>;
  /** Types and global variables, as the compiler wrote them down. */
  readonly btf: Btf;
  private handle: Pointer;
  private state: 'open' | 'loaded' | 'failed' | 'closed' = 'open';
  private readonly kernelLog: Scratch;

  /** Use `openObject`. */
  constructor(name: string, bytes: Uint8Array) {
    const n = native();
    const operation = `open ${name}`;
    this.name = name;
    this.btf = readBtf(bytes);
    this.kernelLog = allocate(operation, KERNEL_LOG_BYTES);
    this.handle = withCapturedLog((said) => {
      const handle = n.objectOpenMem(bytes, bytes.byteLength, {
        sz: n.openOptionsSize,
        object_name: name,
        relaxed_maps: false,
        pin_root_path: null,
        unused: 0,
        kconfig: null,
        btf_custom_path: null,
        kernel_log_buf: this.kernelLog.address,
        kernel_log_size: this.kernelLog.size,
        kernel_log_level: 0,
      });
      const errno = lastErrno();
      if (handle !== null) return handle;
      this.kernelLog.free();
      throw new BpfError(operation, errno, '', tailOf(said()));
    });
    this.programs = this.walk(n.nextProgram).map((program) => new Program(program));
    this.maps = new Map(
      this.walk(n.nextMap)
        .map((map) => new BpfMap(map))
        .map((map) => [map.name, map]),
    );
    remember(this);
  }

  /** The program of that name. @throws BpfError when there is none */
  program(name: string): Program {
    const program = this.programs.find((candidate) => candidate.name === name);
    if (program === undefined) throw usageError(`use ${this.name}`, `it has no program ${name}`);
    return program;
  }

  /** The map of that name. @throws BpfError when there is none */
  map(name: string): BpfMap {
    const map = this.maps.get(name);
    if (map === undefined) throw usageError(`use ${this.name}`, `it has no map ${name}`);
    return map;
  }

  /**
   * Sets initial values of global variables (`const volatile`, or any other) by name. Integers must fit;
   * bytes may be shorter than the variable, which is then filled up with zeros. Before `load` only.
   * @throws BpfError for an unknown name, a value that does not fit, or an object that is loaded
   */
  setVariables(values: Readonly<Record<string, VariableValue>>): void {
    const operation = `set variables of ${this.name}`;
    const changed = new Map<BpfMap, Uint8Array>();
    for (const [name, value] of Object.entries(values)) {
      const variable = this.btf.variables.get(name);
      const map = variable === undefined ? undefined : this.maps.get(variable.section);
      if (variable === undefined || map === undefined) throw usageError(operation, `there is no ${name}`);
      const bytes = changed.get(map) ?? map.initialValue();
      if (bytes === null) throw usageError(operation, `${name} is not in a section of variables`);
      const problem = encodeVariable(bytes, variable, value);
      if (problem !== null) throw usageError(operation, `${name}: ${problem}`);
      changed.set(map, bytes);
    }
    for (const [map, bytes] of changed) map.setInitialValue(bytes);
  }

  /**
   * Creates the maps and loads the programs that are to be loaded. All or nothing; after a failure the
   * object can only be closed.
   * @throws BpfError with the end of the verifier's log and libbpf's words in `log`
   */
  load(): void {
    const operation = `load ${this.name}`;
    if (this.state !== 'open') throw usageError(operation, `the object is ${this.state} already`);
    withCapturedLog((said) => {
      const error = native().objectLoad(this.handle);
      if (error < 0) {
        this.state = 'failed';
        const verifier = tailOfMemory(this.kernelLog.address, this.kernelLog.size);
        const words = said();
        // libbpf names the program that failed in its first message, which makes a good reason.
        const reason = /^libbpf: (.*)$|^(.+)$/m.exec(words)?.slice(1).find(Boolean) ?? '';
        throw new BpfError(operation, -error, reason, tailOf(`${verifier}\n${words}`));
      }
    });
    this.state = 'loaded';
    this.kernelLog.free();
    for (const map of this.maps.values()) map.onLoad();
    for (const program of this.programs) program.onLoad();
  }

  /**
   * Attaches every program that was loaded, in the order of the file; when one fails, none stays.
   * @throws BpfError
   */
  attach(): void {
    const links: { destroy(): void }[] = [];
    try {
      for (const program of this.programs) if (program.autoload) links.push(program.attach());
    } catch (error) {
      for (const link of links) link.destroy();
      throw error;
    }
  }

  /** Destroys links, unmaps rings and maps, and gives everything back to the kernel. May be called again. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    openObjects.delete(this);
    for (const program of this.programs) program.onClose();
    for (const map of this.maps.values()) map.onClose();
    native().objectClose(this.handle);
    this.handle = null;
    this.kernelLog.free();
  }

  private walk(next: (object: Pointer, previous: Pointer) => Pointer): Pointer[] {
    const found: Pointer[] = [];
    for (let at = next(this.handle, null); at !== null; at = next(this.handle, at)) found.push(at);
    return found;
  }
}

/**
 * Opens a BPF object file (or its bytes) without loading anything into the kernel yet.
 * @throws BpfError when it is not such a file; Node's own error when the file cannot be read
 */
export function openObject(source: string | Uint8Array, options: OpenOptions = {}): BpfObject {
  const bytes = typeof source === 'string' ? readFileSync(source) : source;
  const fallback = typeof source === 'string' ? basename(source).split('.')[0]! : 'object';
  return new BpfObject(options.name ?? fallback, bytes);
}
