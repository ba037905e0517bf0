import { hostname } from 'node:os';
import { GoInspector } from './go-inspector.ts';
import type { GoRuntime } from './go-runtime.ts';
import { systemProcFs } from './proc-fs.ts';
import { childInfo, goneProcess, type LookupContext, lookUp, type ProcessInfo } from './process-info.ts';

export interface ProcessTableOptions {
  /** Processes that are remembered; the longest unused is forgotten first. */
  readonly capacity: number;
  /** How long an exited process stays known to late events, ms. */
  readonly lingerMs: number;
  /** Milliseconds of any monotonic clock. */
  readonly now: () => number;
}

interface Entry {
  /** Null until somebody asks. */
  info: ProcessInfo | null;
  /** Forked from it, and no exec since. */
  parent: ProcessInfo | null;
  /** Undefined until somebody asks. */
  goRuntime: GoRuntime | null | undefined;
  /** From an exec event, for processes that end before they are looked at. */
  comm: string;
  /** When a process that has ended is forgotten; 0: it lives. */
  forgetAt: number;
}

/** A hostile version string must not make the counters grow. */
const MAX_CAUSES = 64;
const DEFAULTS: ProcessTableOptions = { capacity: 4096, lingerMs: 5000, now: () => performance.now() };

/** This machine's /proc and executables. */
export function systemSources(): LookupContext {
  const inspector = new GoInspector();
  return { procFs: systemProcFs, inspectGo: (path) => inspector.inspect(path), hostHostname: hostname() };
}

/**
 * What is known of the processes on this host, learnt by reading /proc when first asked and kept until
 * the process becomes another program or ends. Bounded; never touches a process.
 */
export class ProcessTable {
  readonly #context: LookupContext;
  readonly #options: ProcessTableOptions;
  /** In order of last use. */
  readonly #entries = new Map<number, Entry>();
  /** Ended processes in the order of their end. */
  readonly #ended: { readonly tgid: number; readonly entry: Entry }[] = [];
  readonly #goUnknown = new Map<string, number>();

  constructor(sources: LookupContext = systemSources(), options: Partial<ProcessTableOptions> = {}) {
    this.#context = sources;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Go programs whose goroutines cannot be told: reason and version → processes. */
  get goUnknown(): ReadonlyMap<string, number> {
    return this.#goUnknown;
  }

  /** Number of processes that are remembered. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is known of a process; of one that has vanished, its name at most. Cached; never throws. */
  info(tgid: number): ProcessInfo {
    const known = this.#entries.get(tgid);
    if (known?.info != null) {
      // Map order is the order of use.
      this.#entries.delete(tgid);
      this.#entries.set(tgid, known);
      if (known.forgetAt === 0 || this.#options.now() < known.forgetAt) return known.info;
    }
    this.#sweep();
    const entry = this.#entries.get(tgid) ?? this.#add(tgid);
    entry.info = this.#find(tgid, entry);
    return entry.info;
  }

  /**
   * Is the process a Go program, and where are its goroutines? Looks at the executable alone (known
   * files: some 10 µs), so that every exec can be asked about.
   */
  goRuntime(tgid: number): GoRuntime | null {
    return this.#goRuntimeOf(tgid, this.#entries.get(tgid) ?? this.#add(tgid));
  }

  /** The process became another program. @param comm its new name, if the event tells */
  exec(tgid: number, comm = ''): void {
    this.#add(tgid).comm = comm;
  }

  /** A process (not a thread) was created: it is its parent's program until it execs. */
  fork(tgid: number, parentTgid: number): void {
    const parent = this.#entries.get(parentTgid);
    // An unknown parent is not worth a look-up: most children exec at once.
    const entry = this.#add(tgid);
    entry.parent = parent?.info ?? parent?.parent ?? null;
  }

  /** The process has ended: what is known of it stays for late events, and is then forgotten. */
  exit(tgid: number): void {
    const entry = this.#entries.get(tgid);
    if (entry === undefined) return;
    this.#forgetLater(tgid, entry);
    this.#sweep();
  }

  #find(tgid: number, entry: Entry): ProcessInfo {
    if (entry.parent !== null) return childInfo(this.#context.procFs, tgid, entry.parent);
    const found = lookUp(this.#context, tgid, this.#goRuntimeOf(tgid, entry));
    if (found !== null) return found;
    // Not for ever: the number may be another process's soon, should its fork go unseen.
    if (entry.forgetAt === 0) this.#forgetLater(tgid, entry);
    return goneProcess(this.#context.procFs, tgid, entry.comm);
  }

  #add(tgid: number): Entry {
    const entry: Entry = { info: null, parent: null, goRuntime: undefined, comm: '', forgetAt: 0 };
    this.#entries.delete(tgid);
    if (this.#entries.size >= this.#options.capacity) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest);
        break;
      }
    }
    this.#entries.set(tgid, entry);
    return entry;
  }

  #forgetLater(tgid: number, entry: Entry): void {
    entry.forgetAt = this.#options.now() + this.#options.lingerMs;
    this.#ended.push({ tgid, entry });
  }

  #sweep(): void {
    const now = this.#options.now();
    let swept = 0;
    for (const { tgid, entry } of this.#ended) {
      if (entry.forgetAt > now && this.#ended.length - swept <= this.#options.capacity) break;
      // The number may have been given to a new process meanwhile.
      if (this.#entries.get(tgid) === entry) this.#entries.delete(tgid);
      swept++;
    }
    if (swept > 0) this.#ended.splice(0, swept);
  }

  #goRuntimeOf(tgid: number, entry: Entry): GoRuntime | null {
    if (entry.parent !== null) return entry.parent.goRuntime;
    if (entry.goRuntime !== undefined) return entry.goRuntime;
    const found = this.#context.inspectGo(`/proc/${tgid}/exe`);
    entry.goRuntime = null;
    if (found !== null && 'unknown' in found) this.#countUnknown(`${found.unknown} ${found.version}`.trim());
    else entry.goRuntime = found;
    return entry.goRuntime;
  }

  #countUnknown(key: string): void {
    if (this.#goUnknown.size >= MAX_CAUSES && !this.#goUnknown.has(key)) return;
    this.#goUnknown.set(key, (this.#goUnknown.get(key) ?? 0) + 1);
  }
}
