import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Takes what an OpenTelemetry SDK exports over OTLP/HTTP (protobuf) and only counts the spans. */
export interface OtlpReceiver {
  readonly url: string;
  spans(): number;
  /** Waits until no span has come for longer than the SDK holds spans back. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

/** The SDK's batch processor exports every 5 s unless a batch is full. */
const QUIET_MS = 6_000;

const LENGTH_DELIMITED = 2;
const VARINT = 0;

/** Calls back with each length-delimited field of a protobuf message of that number. @throws Error when it is none */
function eachField(message: Uint8Array, number: number, visit: (content: Uint8Array) => void): void {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error('A message is no OTLP.');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    if ((tag & 7) === VARINT) varint();
    else if ((tag & 7) === LENGTH_DELIMITED) {
      const length = varint();
      if (at + length > message.length) throw new Error('A message is no OTLP.');
      if (tag >> 3 === number) visit(message.subarray(at, at + length));
      at += length;
    } else throw new Error('A message is no OTLP.');
  }
}

/**
 * Spans of an ExportTraceServiceRequest: resource_spans (1) → scope_spans (2) → spans (2), as opentelemetry-proto's
 * trace/v1/trace.proto has it.
 * @throws Error when it is none
 */
export function countSpans(request: Uint8Array): number {
  let count = 0;
  eachField(request, 1, (resource) => {
    eachField(resource, 2, (scope) => {
      eachField(scope, 2, () => {
        count++;
      });
    });
  });
  return count;
}

/** Starts a receiver on a free port of 127.0.0.1. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  let spans = 0;
  let lastAt = Date.now();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      spans += countSpans(Buffer.concat(chunks));
      lastAt = Date.now();
      // An empty ExportTraceServiceResponse: everything was taken.
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    quiet: async () => {
      const from = Date.now();
      while (Date.now() - Math.max(from, lastAt) < QUIET_MS) await sleep(50);
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
