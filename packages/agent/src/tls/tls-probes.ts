import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileSource } from '../process/file-source.ts';
import { type ProcFs, systemProcFs } from '../process/proc-fs.ts';
import { type MappedFile, mappedFiles, mayHoldTls } from './mapped-files.ts';
import { type ProbePlan, type ProbePoint, planProbes } from './probe-plan.ts';

/** Attaches one probe; gives what takes it off. @throws when the kernel refuses */
export type Attach = (path: string, point: ProbePoint) => () => void;

/** A file that is known, whether it holds TLS functions or not. */
interface KnownFile {
  readonly path: string;
  readonly plan: ProbePlan | null;
  readonly detach: readonly (() => void)[];
  /** Processes that run it. */
  readonly users: Set<number>;
  /** Probed before anybody runs it, and kept. */
  readonly isStanding: boolean;
}

/** A program maps its libraries shortly after it starts, others later: looks at a process, ms after its exec. */
const LOOKS_MS = [0, 30, 300, 3_000];
/** Then all processes are looked at in turn, one each time, for libraries that are loaded late. */
const TURN_MS = 50;
/** Where libraries of the distribution lie: a short-lived program is over before it has been looked at. */
const LIBRARY_FOLDERS = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
];
const STANDING = /^lib(?:ssl|gnutls)\.so\.\d+$/;
const MOST_FILES = 4_096;

/**
 * Probes of TLS functions in libraries and programs: each file once for all processes, as long as one runs it. Looks at /proc
 * alone: nothing is done to any process.
 */
export class TlsProbes {
  /** What was refused, by file. */
  readonly warnings = new Map<string, string>();
  readonly #attach: Attach;
  readonly #isTraced: (tgid: number) => boolean;
  readonly #procFs: ProcFs;
  readonly #files = new Map<string, KnownFile>();
  /** By process: what it maps, as /proc names it → the file's key here. */
  readonly #filesOf = new Map<number, Map<string, string>>();
  #due: { readonly at: number; readonly tgid: number }[] = [];
  #turn: Iterator<number> | null = null;
  #nextTurn = 0;

  /** @param isTraced processes that are not traced are left out */
  constructor(attach: Attach, isTraced: (tgid: number) => boolean, procFs: ProcFs = systemProcFs) {
    this.#attach = attach;
    this.#isTraced = isTraced;
    this.#procFs = procFs;
  }

  /** Files that are probed, with the kind of library that is in them. */
  get probed(): readonly { readonly path: string; readonly library: string }[] {
    const found: { path: string; library: string }[] = [];
    for (const { path, plan, detach } of this.#files.values()) {
      if (plan !== null && detach.length > 0) found.push({ path, library: plan.library });
    }
    return found;
  }

  /** Probes the distribution's libraries, whoever may come to use them. */
  probeStanding(): void {
    for (const folder of LIBRARY_FOLDERS) {
      for (const name of namesIn(folder)) {
        if (STANDING.test(name)) this.#open(join(folder, name), join(folder, name), true);
      }
    }
  }

  /** A process has started a program, or was seen for the first time. @param now ms */
  started(tgid: number, now: number): void {
    this.exited(tgid);
    for (const after of LOOKS_MS) this.#due.push({ at: now + after, tgid });
  }

  /** A process has gone: files that nobody runs any more are released. */
  exited(tgid: number): void {
    for (const key of this.#filesOf.get(tgid)?.values() ?? []) this.#leave(key, tgid);
    this.#filesOf.delete(tgid);
  }

  #leave(key: string, tgid: number): void {
    const file = this.#files.get(key);
    if (file === undefined) return;
    file.users.delete(tgid);
    if (file.users.size > 0 || file.isStanding) return;
    for (const detach of file.detach) detach();
    this.#files.delete(key);
  }

  /** Regular work. @param now ms */
  tick(now: number): void {
    if (this.#due.some(({ at }) => at <= now)) {
      const ready = this.#due.filter(({ at }) => at <= now);
      this.#due = this.#due.filter(({ at }) => at > now);
      for (const tgid of new Set(ready.map((one) => one.tgid))) this.#look(tgid);
    }
    if (now < this.#nextTurn) return;
    this.#nextTurn = now + TURN_MS;
    this.#turn ??= [...this.#filesOf.keys()].values();
    const next = this.#turn.next();
    if (next.done) this.#turn = null;
    else this.#look(next.value);
  }

  #look(tgid: number): void {
    if (!this.#isTraced(tgid)) return;
    const maps = this.#procFs.readText(`/proc/${tgid}/maps`);
    if (maps === null) {
      this.exited(tgid);
      return;
    }
    const program = this.#procFs.readLink(`/proc/${tgid}/exe`)?.replace(/ \(deleted\)$/, '');
    const known = this.#filesOf.get(tgid) ?? new Map<string, string>();
    this.#filesOf.set(tgid, known);
    for (const file of mappedFiles(maps)) {
      if (known.has(file.key) || !mayHoldTls(file.path, file.path === program)) continue;
      const key = this.#use(tgid, file);
      if (key !== null) known.set(file.key, key);
    }
  }

  #use(tgid: number, { path, range }: MappedFile): string | null {
    // What is mapped, even if its name is another file's by now (an upgrade), or nobody's.
    const ways = [`/proc/${tgid}/map_files/${range}`, `/proc/${tgid}/root${path}`];
    for (const way of ways) {
      const key = this.#open(way, path, false);
      if (key === null) continue;
      this.#files.get(key)?.users.add(tgid);
      return key;
    }
    return null;
  }

  /** @returns the file's key; null: it cannot be read */
  #open(at: string, path: string, isStanding: boolean): string | null {
    let fd: number;
    try {
      fd = openSync(at, 'r');
    } catch {
      return null;
    }
    try {
      const { dev, ino, size } = fstatSync(fd);
      const key = `${dev}:${ino}`;
      if (this.#files.has(key)) return key;
      if (this.#files.size >= MOST_FILES) return null;
      const plan = planProbes(fileSource(fd, size));
      const detach = this.#probe(at, path, plan);
      this.#files.set(key, { path, plan, detach, users: new Set(), isStanding });
      return key;
    } finally {
      closeSync(fd);
    }
  }

  /** All points of a file, or none. */
  #probe(at: string, path: string, plan: ProbePlan | null): (() => void)[] {
    const attached: (() => void)[] = [];
    try {
      for (const point of plan?.points ?? []) attached.push(this.#attach(at, point));
      return attached;
    } catch (error) {
      for (const detach of attached) detach();
      this.warnings.set(path, error instanceof Error ? error.message : String(error));
      return [];
    }
  }

  close(): void {
    for (const { detach } of this.#files.values()) for (const one of detach) one();
    this.#files.clear();
    this.#filesOf.clear();
    this.#due = [];
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
