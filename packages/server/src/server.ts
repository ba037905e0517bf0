import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Store } from '@weft/store';
import { metrics } from './api/metrics.ts';
import { indexPage, openapi } from './api/openapi.ts';
import { services } from './api/services.ts';
import { spans } from './api/spans.ts';
import { agents, health } from './api/state.ts';
import { trace } from './api/trace.ts';
import { traces } from './api/traces.ts';
import { count, type ServerContext } from './context.ts';
import { HttpError } from './http/http-error.ts';
import { AgentRegistry } from './ingest/agents.ts';
import { DEFAULT_INSERT_INTERVAL_MS, IngestQueue } from './ingest/queue.ts';
import { ingest, report } from './ingest/routes.ts';
import { answerPage, loadPage, type Page } from './page/page.ts';

export interface ServerOptions {
  /** `127.0.0.1:7766`, `[::1]:7766`; port 0: any free one. */
  readonly listen: string;
  readonly store: Store;
  /** If set, every request but those for the page and health must carry it: `Authorization: Bearer …`. */
  readonly token?: string | null;
  readonly version?: string;
  /** Folder of the built page; without it, `/` lists the API's paths. */
  readonly page?: string | null;
  /** Batches that come within this time share one insert; default 400 ms. */
  readonly insertIntervalMs?: number;
  readonly log?: (line: string) => void;
}

/** A server that answers. */
export interface WeftServer {
  /** `http://127.0.0.1:7766` */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, and resolves when what was taken is stored. The store stays open. */
  close(): Promise<void>;
}

/** A text that is no JSON, with its type. */
interface Text {
  readonly contentType: string;
  readonly text: string;
}

/**
 * Starts the server: ingest for agents, the API of DESIGN §8, and the page over it.
 * @throws Error with one sentence when it cannot listen there, or the page cannot be read
 */
export async function startServer(options: ServerOptions): Promise<WeftServer> {
  const { host, port } = parseListen(options.listen);
  const context: ServerContext = {
    version: options.version ?? '0.1.0',
    store: options.store,
    queue: new IngestQueue(options.store, options.insertIntervalMs ?? DEFAULT_INSERT_INTERVAL_MS),
    agents: new AgentRegistry(),
    counters: {
      spansIngested: 0,
      batchesIngested: 0,
      bytesIngested: 0,
      refused: new Map(),
      requests: new Map(),
    },
    log: options.log ?? (() => undefined),
  };
  const token = options.token ?? null;
  const page = readPage(options.page ?? null);
  const server = createServer((request, response) => {
    void answer(context, token, page, request, response);
  });
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(listenProblem(error, host, port))),
    );
    server.listen(port, host, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (error) => context.log(`server: ${error.message}`));
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await context.queue.close();
      server.closeIdleConnections();
      // Answers that are under way get a moment; a client that does not read its own gets no more.
      const timer = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearTimeout(timer);
    },
  };
}

function parseListen(listen: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(listen);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new Error(`The address ${JSON.stringify(listen)} is no host:port: write one like 127.0.0.1:7766.`);
  }
  return { host: match[1] ?? match[2]!, port };
}

function readPage(folder: string | null): Page | null {
  try {
    return folder === null ? null : loadPage(folder);
  } catch (error) {
    throw new Error(`The page cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use: stop the program that has it, or choose another port.`;
    case 'EACCES':
      return `Port ${port} on ${host} is not allowed to this user: choose one above 1023, or run as root.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}: choose 127.0.0.1 or 0.0.0.0.`;
    default:
      return `Cannot listen on ${host}:${port}: ${error.message}`;
  }
}

async function answer(
  context: ServerContext,
  token: string | null,
  page: Page | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let path = 'other';
  try {
    const url = parseUrl(request.url ?? '/');
    path = countedPath(url.pathname);
    if (page !== null && answerPage(page, url.pathname, request, response)) {
      count(context.counters.requests, `page ${response.statusCode}`);
      return;
    }
    authorize(request, url.pathname, token);
    const value = await route(context, request, url);
    if (isText(value)) send(response, 200, value.contentType, value.text);
    else send(response, 200, 'application/json', JSON.stringify(value));
  } catch (error) {
    if (error instanceof HttpError) sendError(response, error);
    else {
      context.log(`${request.method} ${path}: ${error instanceof Error ? error.message : String(error)}`);
      sendError(response, new HttpError(500, 'The server failed to answer: see its log.'));
    }
  }
  count(context.counters.requests, `${path} ${response.statusCode}`);
}

function parseUrl(target: string): URL {
  try {
    return new URL(target, 'http://weft');
  } catch {
    throw new HttpError(400, 'The address is no URL: check it.');
  }
}

const PATHS = new Set([
  '/',
  '/metrics',
  '/openapi.json',
  '/api/v1/ingest',
  '/api/v1/report',
  '/api/v1/health',
  '/api/v1/agents',
  '/api/v1/services',
  '/api/v1/traces',
  '/api/v1/spans',
]);

/** Paths as metrics count them: a bounded number of names. */
function countedPath(path: string): string {
  if (PATHS.has(path)) return path;
  return path.startsWith('/api/v1/traces/') ? '/api/v1/traces/{traceId}' : 'other';
}

function authorize(request: IncomingMessage, path: string, token: string | null): void {
  if (token === null || path === '/' || path === '/api/v1/health') return;
  const given = createHash('sha256')
    .update(request.headers.authorization ?? '')
    .digest();
  const wanted = createHash('sha256').update(`Bearer ${token}`).digest();
  if (!timingSafeEqual(given, wanted)) {
    throw new HttpError(401, 'The token is missing or wrong: send "Authorization: Bearer TOKEN".');
  }
}

function route(context: ServerContext, request: IncomingMessage, url: URL): unknown {
  const query = url.searchParams;
  const path = url.pathname;
  if (path === '/api/v1/ingest' || path === '/api/v1/report') {
    if (request.method !== 'POST') throw new HttpError(405, `${path} takes POST only.`);
    return path === '/api/v1/ingest' ? ingest(context, request, query) : report(context, request, query);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD')
    throw new HttpError(405, `${path} takes GET only.`);
  switch (path) {
    case '/':
      return { contentType: 'text/html; charset=utf-8', text: indexPage(context.version) };
    case '/metrics':
      return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: metrics(context) };
    case '/openapi.json':
      return openapi(context.version);
    case '/api/v1/health':
      return health(context, query);
    case '/api/v1/agents':
      return agents(context, query);
    case '/api/v1/services':
      return services(context, query);
    case '/api/v1/traces':
      return traces(context, query);
    case '/api/v1/spans':
      return spans(context, query);
  }
  const one = /^\/api\/v1\/traces\/([^/]+)$/.exec(path);
  if (one !== null) return trace(context, query, one[1]!);
  throw new HttpError(404, `There is no ${path}: / lists what there is.`);
}

function isText(value: unknown): value is Text {
  return typeof value === 'object' && value !== null && 'contentType' in value && 'text' in value;
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

function sendError(response: ServerResponse, error: HttpError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  if (error.retryAfterSeconds !== null) response.setHeader('retry-after', String(error.retryAfterSeconds));
  // A body that was refused is not read to its end.
  if (!response.req.complete) response.setHeader('connection', 'close');
  send(response, error.status, 'application/json', JSON.stringify({ error: error.message }));
}
