import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessFacts } from '../pipeline-contracts.ts';
import type { ProcessRecord } from '../recording/format.ts';
import type { SpanOwner } from '../sessions/span-builder.ts';
import type { GoRuntime } from './go-runtime.ts';
import { JvmInspector } from './jvm-inspector.ts';
import type { JvmRuntime } from './jvm-runtime.ts';
import { ListeningPorts } from './listening.ts';
import { ProcessTable } from './process-table.ts';

/** Told of what is learnt while tracing. */
export interface ProcessObserver {
  /** A Go process was found: the kernel side can read its goroutines. */
  go(tgid: number, runtime: GoRuntime): void;
  /** A Java process was found whose virtual threads the kernel side can tell apart. */
  jvm(tgid: number, runtime: JvmRuntime): void;
  /** One of Weft's own commands was found: it is not to be traced. */
  own(tgid: number): void;
  /** A process runs a program that was not known to run there. */
  running?(tgid: number): void;
  /** A process has gone, or has become another program. */
  gone(tgid: number): void;
  /** First sight of a process (recordings keep it). */
  known?(record: ProcessRecord): void;
}

/** Facts about the processes of this host, from /proc. */
export class LiveProcesses implements ProcessFacts {
  readonly #table = new ProcessTable();
  readonly #jvms = new JvmInspector();
  readonly #ports = new ListeningPorts();
  readonly #observer: ProcessObserver;
  readonly #seen = new Map<number, boolean>();

  constructor(observer: ProcessObserver) {
    this.#observer = observer;
  }

  /** Looks at what runs already, so that the first message of a goroutine is told apart like any later one. */
  scan(): void {
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      this.#inspect(Number(entry));
      this.#inspectJvm(Number(entry));
    }
  }

  owner(tgid: number): SpanOwner {
    return this.#table.info(tgid);
  }

  isListening(tgid: number, port: number): boolean {
    return this.#ports.isListening(tgid, port);
  }

  seen(tgid: number): boolean {
    const known = this.#seen.get(tgid);
    if (known !== undefined) return known;
    if (this.#seen.size > 65_536) this.#seen.clear();
    const traced = !isOwnCommand(tgid);
    this.#seen.set(tgid, traced);
    if (!traced) {
      this.#observer.own(tgid);
      return false;
    }
    this.#observer.running?.(tgid);
    const info = this.#table.info(tgid);
    if (info.goRuntime !== null) this.#observer.go(tgid, info.goRuntime);
    // Not at its exec: Java loads its library later, and has before its first message.
    else this.#inspectJvm(tgid);
    this.#observer.known?.({
      tgid,
      service: info.service,
      attributes: info.attributes,
      listening: this.#ports.portsOf(tgid),
    });
    return true;
  }

  executed(tgid: number, name = ''): void {
    this.#seen.delete(tgid);
    this.#table.exec(tgid, name);
    this.#observer.gone(tgid);
    this.#inspect(tgid);
  }

  forked(tgid: number, parentTgid: number): void {
    this.#table.fork(tgid, parentTgid);
  }

  exited(tgid: number): void {
    this.#seen.delete(tgid);
    this.#table.exit(tgid);
    this.#observer.gone(tgid);
  }

  #inspectJvm(tgid: number): void {
    const runtime = this.#jvms.inspect(tgid);
    if (runtime !== null) this.#observer.jvm(tgid, runtime);
  }

  #inspect(tgid: number): void {
    this.#observer.running?.(tgid);
    const { goRuntime } = this.#table.info(tgid);
    if (goRuntime !== null) this.#observer.go(tgid, goRuntime);
  }
}

/**
 * A `weft` command of any installation: `weft traces` talks HTTP to the server, and nobody wants to see that.
 * The agent, the server and the store are known by their process ids besides.
 */
function isOwnCommand(tgid: number): boolean {
  try {
    const [, ...args] = readFileSync(`/proc/${tgid}/cmdline`, 'latin1').split('\0');
    const script = args.find((arg) => !arg.startsWith('-')) ?? '';
    return /(?:^|\/)(?:dist\/weft\.js|cli\/bin\/weft\.js|\.bin\/weft|dist\/store-process\.js)$/.test(script);
  } catch {
    return false;
  }
}
