import { readdirSync } from 'node:fs';
import type { ProcessFacts } from '../pipeline.ts';
import type { ProcessRecord } from '../recording/format.ts';
import type { SpanOwner } from '../sessions/span-builder.ts';
import type { GoRuntime } from './go-runtime.ts';
import { ListeningPorts } from './listening.ts';
import { ProcessTable } from './process-table.ts';

/** Told of what is learnt while tracing. */
export interface ProcessObserver {
  /** A Go process was found: the kernel side can read its goroutines. */
  go(tgid: number, runtime: GoRuntime): void;
  /** A process has gone, or has become another program. */
  gone(tgid: number): void;
  /** First sight of a process (recordings keep it). */
  known?(record: ProcessRecord): void;
}

/** Facts about the processes of this host, from /proc. */
export class LiveProcesses implements ProcessFacts {
  readonly #table = new ProcessTable();
  readonly #ports = new ListeningPorts();
  readonly #observer: ProcessObserver;
  readonly #seen = new Set<number>();

  constructor(observer: ProcessObserver) {
    this.#observer = observer;
  }

  /** Looks at what runs already, so that the first message of a goroutine is told apart like any later one. */
  scan(): void {
    for (const entry of readdirSync('/proc')) {
      if (/^\d+$/.test(entry)) this.#inspect(Number(entry));
    }
  }

  owner(tgid: number): SpanOwner {
    return this.#table.info(tgid);
  }

  isListening(tgid: number, port: number): boolean {
    return this.#ports.isListening(tgid, port);
  }

  seen(tgid: number): void {
    if (this.#seen.has(tgid)) return;
    if (this.#seen.size > 65_536) this.#seen.clear();
    this.#seen.add(tgid);
    const info = this.#table.info(tgid);
    if (info.goRuntime !== null) this.#observer.go(tgid, info.goRuntime);
    this.#observer.known?.({
      tgid,
      service: info.service,
      attributes: info.attributes,
      listening: this.#ports.portsOf(tgid),
    });
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

  #inspect(tgid: number): void {
    const { goRuntime } = this.#table.info(tgid);
    if (goRuntime !== null) this.#observer.go(tgid, goRuntime);
  }
}
