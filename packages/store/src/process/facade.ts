import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Engine, EngineBusy, EngineError, type Statement, type StatementResult } from './engine.ts';
import { BodyTooLarge, type Spool } from './spool.ts';
import { insertFromFile, isIdentifier } from './sql-text.ts';

/** URL parameters of ClickHouse's HTTP interface that are not settings of the engine. */
const NOT_SETTINGS = new Set([
  'query',
  'database',
  'user',
  'password',
  'default_format',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'role',
  'quota_key',
  'compress',
  'decompress',
  'stacktrace',
  'close_session',
  // Of ClickHouse's HTTP server, unknown to the engine: answers here are always complete.
  'wait_end_of_query',
  'buffer_size',
  'http_response_buffer_size',
  'send_progress_in_http_headers',
  'http_headers_progress_interval_ms',
  'enable_http_compression',
  'http_zlib_compression_level',
]);
const MAX_QUERY_BYTES = 64 << 20;
/** Parameters travel in the URL, lists of ids among them. */
const MAX_HEADER_BYTES = 2 << 20;

/** A request that this interface refuses before the engine sees it. */
class Refused extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * ClickHouse's HTTP interface in front of the embedded engine, as far as `@clickhouse/client` uses it: query in the
 * body or in `query`, data of an insert in the body, `param_*`, settings in the URL, `/ping`, exception headers.
 * Answers are complete before they are sent. Every path but `/ping` wants the password.
 */
export function createFacade(engine: Engine, spool: Spool, password: string): Server {
  const secret = digest(password);
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
    handle(request, response, engine, spool, secret).catch((error: unknown) => sendError(response, error));
  });
  // Longer than clients keep idle sockets, so that none is reused while it is being closed here.
  server.keepAliveTimeout = 30_000;
  return server;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  engine: Engine,
  spool: Spool,
  secret: Buffer,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://store');
  if (url.pathname === '/ping') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('Ok.\n');
    return;
  }
  if (url.pathname !== '/') throw new Refused(404, 0, 'There is no handle for this path: use / or /ping.');
  if (!timingSafeEqual(digest(givenPassword(request, url)), secret)) {
    throw new Refused(403, 516, 'Authentication failed: password is incorrect.');
  }
  const inUrl = url.searchParams.get('query');
  const prepared = {
    ...readStatement(url),
    format: url.searchParams.get('default_format') ?? 'TabSeparated',
  };
  let result: StatementResult;
  const fileInsert = inUrl === null ? null : insertFromFile(inUrl, '');
  if (inUrl !== null && fileInsert !== null && request.method === 'POST') {
    const body = await spool.write(request);
    try {
      result =
        body.size === 0
          ? { bytes: new Uint8Array(0), elapsedSeconds: 0, rowsRead: 0, bytesRead: 0 }
          : await engine.run({ ...prepared, sql: insertFromFile(inUrl, body.path)! });
    } finally {
      await spool.remove(body.path);
    }
  } else {
    const text = await readText(request);
    const sql = inUrl === null ? text : text === '' ? inUrl : `${inUrl}\n${text}`;
    if (sql.trim() === '') throw new Refused(400, 62, 'Empty query: send it as the body or as ?query=.');
    result = await engine.run({ ...prepared, sql });
  }
  sendResult(response, result, url.searchParams.get('query_id'), prepared.format);
}

function readStatement(url: URL): Omit<Statement, 'sql' | 'format'> {
  const settings = new Map<string, string>();
  const parameters = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (NOT_SETTINGS.has(name)) continue;
    if (!isIdentifier(name)) throw new Refused(400, 115, `Bad name of a setting: ${JSON.stringify(name)}.`);
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else settings.set(name, value);
  }
  const database = url.searchParams.get('database');
  if (database !== null && !isIdentifier(database)) throw new Refused(400, 81, 'Bad name of a database.');
  return { database, settings, parameters };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function givenPassword(request: IncomingMessage, url: URL): string {
  const key = request.headers['x-clickhouse-key'];
  if (typeof key === 'string') return key;
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? '');
  if (basic !== null) {
    const pair = Buffer.from(basic[1]!, 'base64').toString();
    return pair.slice(pair.indexOf(':') + 1);
  }
  return url.searchParams.get('password') ?? '';
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > MAX_QUERY_BYTES) throw new Refused(413, 307, `Query longer than ${MAX_QUERY_BYTES} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString();
}

function sendResult(
  response: ServerResponse,
  result: StatementResult,
  queryId: string | null,
  format: string,
): void {
  const summary = {
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: '0',
    written_bytes: '0',
    total_rows_to_read: '0',
    result_rows: '0',
    result_bytes: String(result.bytes.length),
    elapsed_ns: String(Math.round(result.elapsedSeconds * 1e9)),
  };
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': result.bytes.length,
    'x-clickhouse-query-id': queryId !== null && /^[\w-]{1,64}$/.test(queryId) ? queryId : randomUUID(),
    'x-clickhouse-format': /^\w+$/.test(format) ? format : 'TabSeparated',
    'x-clickhouse-summary': JSON.stringify(summary),
  });
  response.end(result.bytes);
}

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const [status, code, message] = describe(error);
  response.writeHead(status, {
    'content-type': 'text/plain; charset=UTF-8',
    'x-clickhouse-exception-code': String(code),
    // The rest of a refused body is not read.
    connection: 'close',
  });
  response.end(message);
}

function describe(error: unknown): [status: number, code: number, message: string] {
  if (error instanceof EngineError) return [statusOf(error.code), error.code, `${error.message}\n`];
  if (error instanceof EngineBusy) {
    return [
      503,
      202,
      'Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)\n',
    ];
  }
  if (error instanceof BodyTooLarge)
    return [413, 307, `Code: 307. DB::Exception: ${error.message}. (TOO_MANY_BYTES)\n`];
  if (error instanceof Refused) {
    const name = error.code === 516 ? 'AUTHENTICATION_FAILED' : 'BAD_REQUEST';
    return [error.status, error.code, `Code: ${error.code}. DB::Exception: ${error.message} (${name})\n`];
  }
  const message = error instanceof Error ? error.message : String(error);
  return [500, 1002, `Code: 1002. DB::Exception: ${message} (UNKNOWN_EXCEPTION)\n`];
}

/** Status by exception code, as ClickHouse's HTTP handler chooses it; 500 for all others. */
function statusOf(code: number): number {
  switch (code) {
    case 62: // SYNTAX_ERROR
    case 456: // UNKNOWN_QUERY_PARAMETER
    case 457: // BAD_QUERY_PARAMETER
    case 115: // UNKNOWN_SETTING
    case 53: // TYPE_MISMATCH
    case 47: // UNKNOWN_IDENTIFIER
      return 400;
    case 60: // UNKNOWN_TABLE
    case 81: // UNKNOWN_DATABASE
    case 46: // UNKNOWN_FUNCTION
      return 404;
    case 159: // TIMEOUT_EXCEEDED
      return 408;
    default:
      return 500;
  }
}
