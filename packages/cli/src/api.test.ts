import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { getJson } from './api.ts';
import { CliError } from './errors.ts';
import { run } from './run.ts';
import { SHOP } from './testing/traces.ts';

let close: (() => Promise<void>) | null = null;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  await close?.();
  close = null;
});

async function sentence(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CliError);
  return (error as Error).message;
}

async function weft(argv: string[]): Promise<string> {
  let stdout = '';
  const out = async (text: string) => {
    stdout += text;
  };
  expect(await run({ argv, environment: {}, out, log: () => {} })).toBe(0);
  return stdout;
}

describe('getJson', () => {
  test('sends the query and the token', async () => {
    let seen = '';
    const url = await serve((request, response) => {
      seen = `${request.url} ${request.headers.authorization}`;
      response.end('{"a":1}');
    });
    const query = { q: 'x=y z', none: null, n: 3 };
    expect(await getJson({ url, token: 't' }, '/api/v1/x', query)).toEqual({ a: 1 });
    expect(seen).toBe('/api/v1/x?q=x%3Dy+z&n=3 Bearer t');
  });

  test('not found is null', async () => {
    const url = await serve((_, response) => response.writeHead(404).end('{}'));
    expect(await getJson({ url, token: null }, '/x')).toBeNull();
  });

  test('each trouble is one sentence', async () => {
    const dead = await serve(() => {});
    await close?.();
    close = null;
    expect(await sentence(getJson({ url: dead, token: null }, '/x'))).toBe(
      `No Weft server answers at ${dead} (connection refused): start one with \`weft up\`, or name another with --url.`,
    );
    const url = await serve((request, response) => {
      if (request.url === '/401') response.writeHead(401).end();
      else if (request.url === '/400') response.writeHead(400).end('{"error":"limit is at most 1000."}');
      else if (request.url === '/html') response.end('<html>');
      else if (request.url === '/cut') response.destroy();
    });
    const api = { url, token: null };
    expect(await sentence(getJson(api, '/401'))).toContain('wants a token: name its file with --token-file.');
    expect(await sentence(getJson(api, '/400'))).toBe(
      `The server at ${url} answered 400: limit is at most 1000.`,
    );
    expect(await sentence(getJson(api, '/html'))).toContain('is no Weft server');
    expect(await sentence(getJson(api, '/cut'))).toContain('ECONNRESET');
    expect(await sentence(getJson(api, '/slow', {}, AbortSignal.timeout(20)))).toContain('no answer in time');
  });
});

describe('traces and trace', () => {
  const row = (id: string) => ({
    traceId: id.repeat(32),
    rootService: 'nginx',
    rootName: 'GET /',
    startTimeUnixNano: '1700000000000000000',
    durationNano: '1000000',
    spanCount: 1,
    services: ['nginx'],
    status: 'ok',
    truncated: false,
  });

  test('pages are followed until the limit', async () => {
    const asked: URLSearchParams[] = [];
    const url = await serve((request, response) => {
      const query = new URL(request.url!, 'http://x').searchParams;
      asked.push(query);
      const cursor = query.get('cursor');
      response.end(
        JSON.stringify({
          traces: [row(cursor === null ? 'a' : 'b')],
          nextCursor: cursor === null ? 'c1' : null,
        }),
      );
    });
    const text = await weft([
      'traces',
      '--jsonl',
      '--url',
      url,
      '--limit',
      '5',
      '--min-duration',
      '10ms',
      '--status',
      'error',
    ]);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).traceId[0]),
    ).toEqual(['a', 'b']);
    expect(asked.map((query) => query.get('limit'))).toEqual(['5', '4']);
    expect(asked.map((query) => query.get('cursor'))).toEqual([null, 'c1']);
    expect(asked[0]!.get('minDuration')).toBe('10000000ns');
    expect(asked[0]!.get('status')).toBe('error');
    expect(asked[0]!.get('from')).toBeNull();
  });

  test('--since counts from now', async () => {
    let from = 0n;
    const url = await serve((request, response) => {
      from = BigInt(new URL(request.url!, 'http://x').searchParams.get('from')!);
      response.end(JSON.stringify({ traces: [], nextCursor: null }));
    });
    const before = BigInt(Date.now()) * 1_000_000n;
    expect(await weft(['traces', '--jsonl', '--url', url, '--since', '5m'])).toBe('');
    const age = before - from;
    expect(age).toBeLessThanOrEqual(300_000_000_000n);
    expect(age).toBeGreaterThan(290_000_000_000n);
  });

  test('a trace, as JSON and as a waterfall', async () => {
    const url = await serve((request, response) => {
      if (request.url === `/api/v1/traces/${SHOP.traceId}`) response.end(JSON.stringify(SHOP));
      else response.writeHead(404).end('{}');
    });
    expect(JSON.parse(await weft(['trace', SHOP.traceId, '--json', '--url', url]))).toEqual(SHOP);
    expect(await weft(['trace', SHOP.traceId.toUpperCase(), '--url', url])).toContain('tcp-seq 1.00');
    expect(await sentence(weft(['trace', 'b'.repeat(32), '--url', url]))).toMatch(
      /^The server has no trace b+: /,
    );
  });
});
