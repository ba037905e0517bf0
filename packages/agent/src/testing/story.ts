import { KIND, ROLE } from '@weft/kernel';
import type { EvidenceKind, SpanRecord } from '@weft/model';
import { recordMemory } from '../capture/socket-event.ts';
import { Pipeline } from '../pipeline.ts';
import type { ProcessFacts, VerdictSink } from '../pipeline-contracts.ts';
import {
  bytesOf,
  type EventFields,
  eventRecord,
  type TaskFields,
  taskRecord,
  type Unit,
  wakeRecord,
} from './events.ts';

/** What the tests' processes are called: `service-TGID`, unless a test names them. */
export class ToldProcesses implements ProcessFacts {
  readonly listening = new Map<number, number>();
  readonly names = new Map<number, string>();
  readonly log: string[] = [];

  owner(tgid: number) {
    return { service: this.names.get(tgid) ?? `service-${tgid}`, attributes: { 'process.pid': tgid } };
  }
  isListening(tgid: number, port: number): boolean {
    return this.listening.get(tgid) === port;
  }
  seen(): boolean {
    return true;
  }
  executed(tgid: number, name: string): void {
    this.log.push(`exec ${tgid} ${name}`);
  }
  forked(tgid: number, parentTgid: number): void {
    this.log.push(`fork ${tgid} of ${parentTgid}`);
  }
  exited(tgid: number): void {
    this.log.push(`exit ${tgid}`);
  }
}

const MICROSECOND = 1_000;

/** Kernel events in the order in which a test tells them, a microsecond apart. */
export class Story {
  /** ns */
  time = 1_000_000;
  readonly records: Uint8Array[] = [];
  #cookie = 0x1_0000_0000;
  #port = 40_000;

  /** Nothing happens for so long. @param nanos ns */
  wait(nanos: number): void {
    this.time += nanos;
  }

  event(fields: Omit<EventFields, 'time'>, payload: string | Uint8Array = ''): void {
    this.time += MICROSECOND;
    this.records.push(eventRecord({ ...fields, time: this.time }, payload));
  }

  task(fields: Omit<TaskFields, 'time'>): void {
    this.time += MICROSECOND;
    this.records.push(taskRecord({ ...fields, time: this.time }));
  }

  /** A thread wakes another one of its process through a futex; that one has slept once more than before. */
  wake(waker: Unit, woken: Unit): void {
    this.time += MICROSECOND;
    this.records.push(
      wakeRecord({
        time: this.time,
        tgid: waker.tgid,
        tid: waker.tid,
        switches: waker.switches ?? 0,
        wokenTid: woken.tid,
        wokenSwitches: woken.switches ?? 0,
        byFile: false,
        most: 1,
        place: 0x7f00_0000_1000,
      }),
    );
  }

  /** A TCP connection to a port, with a socket at either end. */
  connection(port: number, options: Partial<WireOptions> = {}): Wire {
    const cookies: readonly [number, number] = [++this.#cookie, ++this.#cookie];
    return new Wire(this, {
      cookies,
      ports: [++this.#port, port],
      sequences: [1_000 * this.#port, 2_000 * this.#port],
      roles: [ROLE.ROLE_CLIENT, ROLE.ROLE_SERVER],
      ...options,
    });
  }

  /** Hands the records over that were told since the last time. */
  feed(pipeline: Pipeline): void {
    for (const record of this.records.splice(0))
      pipeline.record(recordMemory(padded(record)), 0, record.length);
  }
}

/** Views need whole words; the length given to the pipeline stays the record's own. */
function padded(record: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((record.length + 7) & ~7);
  bytes.set(record);
  return bytes;
}

export interface WireOptions {
  /** Of the client's and the server's socket. */
  readonly cookies: readonly [number, number];
  readonly ports: readonly [number, number];
  /** Sequences of the first bytes to the server and to the client. */
  readonly sequences: readonly [number, number];
  /** What the kernel knows of both roles. */
  readonly roles: readonly [number, number];
}

/** One direction: what was sent and how much of it was read. */
interface Direction {
  sent: number;
  read: number;
  unread: number[];
}

/** Both ends of one connection: keeps the sequences, so that a test tells only who did what. */
export class Wire {
  readonly options: WireOptions;
  readonly #story: Story;
  readonly #toServer: Direction;
  readonly #toClient: Direction;

  constructor(story: Story, options: WireOptions) {
    this.#story = story;
    this.options = options;
    const [toServer, toClient] = options.sequences;
    this.#toServer = { sent: toServer, read: toServer, unread: [] };
    this.#toClient = { sent: toClient, read: toClient, unread: [] };
  }

  /** The client's thread calls connect(). */
  connect(unit: Unit): this {
    this.#event(KIND.CONNECT, 'client', unit, 0, 0, '');
    return this;
  }

  clientSends(unit: Unit, text: string): this {
    return this.#send('client', unit, this.#toServer, this.#toClient, text);
  }

  serverSends(unit: Unit, text: string): this {
    return this.#send('server', unit, this.#toClient, this.#toServer, text);
  }

  /** @param most bytes; default: all there are */
  serverReads(unit: Unit, most = Number.POSITIVE_INFINITY): this {
    return this.#read('server', unit, this.#toServer, this.#toClient, most);
  }

  clientReads(unit: Unit, most = Number.POSITIVE_INFINITY): this {
    return this.#read('client', unit, this.#toClient, this.#toServer, most);
  }

  /** Bytes pass that nobody reports: as if the ring had been full. */
  unseen(direction: 'to-server' | 'to-client', length: number): this {
    const stream = direction === 'to-server' ? this.#toServer : this.#toClient;
    stream.sent = (stream.sent + length) >>> 0;
    stream.read = (stream.read + length) >>> 0;
    return this;
  }

  closed(end: 'client' | 'server', unit: Unit): this {
    this.#event(KIND.CLOSE, end, unit, 0, 0, '');
    return this;
  }

  #send(end: 'client' | 'server', unit: Unit, out: Direction, back: Direction, text: string): this {
    this.#event(KIND.SEND, end, unit, out.sent, back.read, text);
    const bytes = bytesOf(text);
    out.sent = (out.sent + bytes.length) >>> 0;
    out.unread.push(...bytes);
    return this;
  }

  #read(end: 'client' | 'server', unit: Unit, into: Direction, back: Direction, most: number): this {
    const bytes = Uint8Array.from(into.unread.splice(0, Math.min(most, into.unread.length)));
    this.#event(KIND.RECV, end, unit, into.read, back.sent, bytes);
    into.read = (into.read + bytes.length) >>> 0;
    return this;
  }

  #event(
    kind: number,
    end: 'client' | 'server',
    unit: Unit,
    position: number,
    otherPosition: number,
    payload: string | Uint8Array,
  ): void {
    const { cookies, ports, roles } = this.options;
    const at = end === 'client' ? 0 : 1;
    this.#story.event(
      {
        kind,
        ...unit,
        cookie: cookies[at],
        role: roles[at],
        position,
        otherPosition,
        localPort: ports[at],
        remotePort: ports[1 - at],
      },
      payload,
    );
  }
}

export interface StageOptions {
  readonly without?: readonly EvidenceKind[];
  readonly verdict?: VerdictSink;
}

/** A pipeline with processes and the spans that it gave. */
export class Stage {
  readonly story = new Story();
  readonly processes = new ToldProcesses();
  readonly spans: SpanRecord[] = [];
  readonly pipeline: Pipeline;

  constructor(options: StageOptions = {}) {
    this.pipeline = new Pipeline(
      this.processes,
      { mask: false, without: options.without ?? [] },
      (span) => this.spans.push(span),
      options.verdict ?? null,
    );
  }

  /** What was told so far happens. */
  now(): this {
    this.story.feed(this.pipeline);
    return this;
  }

  /** The end of the story: everything that is open is given out. */
  end(): readonly SpanRecord[] {
    this.now();
    this.pipeline.finish();
    return this.spans;
  }

  /** The one span of that name at that end. @throws Error when there is none, or several */
  span(name: string, point: 'client-process' | 'server-process'): SpanRecord {
    const found = this.spans.filter((span) => span.name === name && span.observationPoint === point);
    if (found.length !== 1) throw new Error(`${found.length} spans are ${point} ${name}`);
    return found[0]!;
  }
}

/** A GET without a body. */
export function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: shop\r\n${headers}\r\n`;
}

/** An answer with a body. */
export function answer(body = 'ok', status = 200): string {
  return `HTTP/1.1 ${status} Reason\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
