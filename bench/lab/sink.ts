import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentReport, decodeSpans, epoch } from '@weft/model';

/** A server that takes an agent's spans and only counts them: the agent's cost without store and server. */
export interface Sink {
  readonly url: string;
  /** Spans so far. */
  spans(): number;
  /** Bytes of spans so far. */
  bytes(): number;
  /** What the agent has reported last; null before its first report. */
  report(): AgentReport | null;
  /** Names of the spans in the last block. @throws Error when it is not one */
  lastNames(): readonly string[];
  /** Waits until no span has come for a while. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

const QUIET_MS = 600;
const QUIET_LIMIT_MS = 15_000;

/** Starts a sink on a free port of 127.0.0.1. */
export async function startSink(): Promise<Sink> {
  let spans = 0;
  let bytes = 0;
  let report: AgentReport | null = null;
  let last: Uint8Array = new Uint8Array();
  let lastAt = Date.now();
  const server = createServer((request, response) => {
    void body(request).then((content) => {
      if (request.url?.startsWith('/api/v1/report')) report = JSON.parse(content.toString()) as AgentReport;
      else if (content.length > 0) {
        const rows = rowsOf(content);
        spans += rows;
        bytes += content.length;
        last = content;
        if (rows > 0) lastAt = Date.now();
      }
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    bytes: () => bytes,
    report: () => report,
    lastNames: () => {
      const decoded = decodeSpans(last, epoch(0n));
      if (!decoded.ok) throw new Error(decoded.error);
      return decoded.value.map(({ record }) => record.name);
    },
    quiet: async () => {
      const deadline = Date.now() + QUIET_LIMIT_MS;
      const from = Date.now();
      while (Date.now() - Math.max(from, lastAt) < QUIET_MS && Date.now() < deadline) await sleep(50);
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Rows of a wire block without looking at them: its head is two varints, columns and rows (ClickHouse's Native format). */
export function rowsOf(block: Uint8Array): number {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; at < block.length; shift += 7) {
      const byte = block[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    return value;
  };
  varint();
  return varint();
}
