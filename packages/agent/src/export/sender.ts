import { Agent, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { BLOCK_CONTENT_TYPE } from '@weft/model';

const compress = promisify(brotliCompress);

export interface SenderOptions {
  readonly serverUrl: string;
  readonly token: string | null;
  readonly agentId: string;
  readonly host: string;
  /**
   * Told of each batch that leaves the queue, whatever became of it.
   * @param block the batch's bytes, if the server has them all: nothing here reads them any more
   */
  readonly left?: (block: Uint8Array | null) => void;
}

interface Batch {
  readonly block: Uint8Array;
  readonly rows: number;
  readonly settledUnixNano: string;
}

/** Bytes that wait for a server that is away or slow; the oldest go first. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
const LOOPBACK = /^(127\.|\[?::1\]?$|localhost$)/;

/**
 * Ships blocks to the server one after the other over one kept-alive connection, again until they are
 * acknowledged. Never blocks its caller: what does not fit into the queue is dropped and counted.
 */
export class Sender {
  /** Rows dropped because the server did not take them in time. */
  droppedRows = 0;
  readonly #options: SenderOptions;
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #compress: boolean;
  #queue: Batch[] = [];
  #queuedBytes = 0;
  #sending: Promise<void> | null = null;
  #stopped = false;
  #wake: (() => void) | null = null;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#url = new URL(options.serverUrl);
    const settings = { keepAlive: true, maxSockets: 2 };
    this.#agent = this.#url.protocol === 'https:' ? new TlsAgent(settings) : new Agent(settings);
    // On the same host compression only costs: brotli takes 1.5 µs a span.
    this.#compress = !LOOPBACK.test(this.#url.hostname);
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Everything that was handed over has been acknowledged (or dropped). */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  push(block: Uint8Array, rows: number, settledUnixNano: string): void {
    this.#queue.push({ block, rows, settledUnixNano });
    this.#queuedBytes += block.length;
    while (this.#queuedBytes > MAX_QUEUED_BYTES && this.#queue.length > 1) {
      // The first one may be on its way: the second goes.
      const [dropped] = this.#queue.splice(1, 1);
      this.#queuedBytes -= dropped!.block.length;
      this.droppedRows += dropped!.rows;
      this.#options.left?.(null);
    }
    this.#sending ??= this.#run();
  }

  /** Sends until nothing is left; what is pushed from then on starts it again. */
  async #run(): Promise<void> {
    let delay = RETRY_MIN_MS;
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue[0]!;
        const isLastTry = this.#stopped;
        const answer = await this.#send(batch);
        if (answer !== 'retry') {
          this.#queue.shift();
          this.#queuedBytes -= batch.block.length;
          if (answer === 'refused') this.droppedRows += batch.rows;
          this.#options.left?.(answer === 'taken' ? batch.block : null);
          delay = RETRY_MIN_MS;
        } else if (isLastTry) {
          this.#giveUp();
        } else if (!this.#stopped) {
          await this.#pause(delay);
          delay = Math.min(RETRY_MAX_MS, delay * 2);
        }
      }
    } finally {
      // In the same turn as the look at the queue: nothing can be pushed in between and be forgotten.
      this.#sending = null;
    }
  }

  #giveUp(): void {
    for (const left of this.#queue) this.droppedRows += left.rows;
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = null;
  }

  /** `retry`: the server is away or busy; `refused`: it will never take these bytes. */
  async #send(batch: Batch): Promise<'taken' | 'retry' | 'refused'> {
    const { agentId, host } = this.#options;
    const path = `/api/v1/ingest?agent=${encodeURIComponent(agentId)}&host=${encodeURIComponent(host)}&settled=${batch.settledUnixNano}`;
    const body = this.#compress
      ? await compress(batch.block, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
      : batch.block;
    const headers: Record<string, string> = { 'content-type': BLOCK_CONTENT_TYPE };
    if (this.#compress) headers['content-encoding'] = 'br';
    const status = await this.#post(path, body, headers);
    if (status >= 200 && status < 300) return 'taken';
    return status === 400 || status === 413 || status === 415 ? 'refused' : 'retry';
  }

  /** Posts JSON about the agent itself. @returns whether the server took it */
  async report(body: unknown): Promise<boolean> {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const status = await this.#post('/api/v1/report', bytes, { 'content-type': 'application/json' });
    return status >= 200 && status < 300;
  }

  /** @returns the HTTP status, 0 when the server could not be reached */
  #post(path: string, body: Uint8Array, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve) => {
      const make = this.#url.protocol === 'https:' ? tlsRequest : request;
      const sent = make(
        new URL(path, this.#url),
        {
          method: 'POST',
          agent: this.#agent,
          timeout: REQUEST_TIMEOUT_MS,
          headers: {
            ...headers,
            'content-length': body.length,
            ...(this.#options.token === null ? {} : { authorization: `Bearer ${this.#options.token}` }),
          },
        },
        (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
          response.on('error', () => resolve(0));
        },
      );
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve(0));
      sent.end(body);
    });
  }

  /** Tries once more to deliver what is queued, then gives up. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#sending;
    this.#agent.destroy();
  }
}
