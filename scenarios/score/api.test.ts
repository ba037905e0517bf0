import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { fetchLosses, fetchSpans, waitSettled } from './api.ts';

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serving(answer: (url: URL) => unknown): Promise<string> {
  const created = createServer((request, response) => {
    const body = answer(new URL(request.url ?? '/', 'http://x'));
    response.statusCode = body === undefined ? 404 : 200;
    response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
  });
  server = created;
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve));
  const address = created.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return `http://127.0.0.1:${address.port}`;
}

describe('fetchSpans', () => {
  test('follows the cursor to the end', async () => {
    const url = await serving(({ searchParams }) => {
      expect(searchParams.get('from')).toBe('5');
      expect(searchParams.get('to')).toBe('9');
      const page = Number(searchParams.get('cursor') ?? 0);
      return { spans: [{ spanId: `s${page}` }], nextCursor: page < 2 ? String(page + 1) : null };
    });
    expect((await fetchSpans(url, 5n, 9n)).map((span) => span.spanId)).toEqual(['s0', 's1', 's2']);
  });

  test('a cursor that does not move is an error, not a loop', async () => {
    const url = await serving(() => ({ spans: [], nextCursor: 'same' }));
    await expect(fetchSpans(url, 0n, 1n)).rejects.toThrow('cursor');
  });

  test('an answer of another shape is an error', async () => {
    await expect(fetchSpans(await serving(() => undefined), 0n, 1n)).rejects.toThrow('404');
  });
});

describe('waitSettled', () => {
  test('waits until the moment has passed', async () => {
    let settled = 0;
    const url = await serving(() => ({ status: 'ok', settledUntilUnixNano: String(settled++) }));
    await waitSettled(url, 2n);
    expect(settled).toBe(3);
  });

  test('gives up and says what it waited for', async () => {
    const url = await serving(() => ({ status: 'ok', settledUntilUnixNano: '7' }));
    await expect(waitSettled(url, 8n, 150)).rejects.toThrow('wanted 8, health says 7');
  });
});

test('losses are read by cause', async () => {
  const url = await serving(
    () =>
      '# TYPE weft_lost_total counter\nweft_lost_total{cause="ring full"} 2\nweft_lost_total{cause="x"} 0\nother 5\n',
  );
  expect([...(await fetchLosses(url))]).toEqual([
    ['ring full', 2],
    ['x', 0],
  ]);
});
