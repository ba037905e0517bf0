import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, request, type Server } from 'node:http';
import { cpus, loadavg } from 'node:os';
import type { TraceJson } from '@weft/model';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, startBrowser } from './testing/browser.ts';
import { createCgroup, type TestCgroup } from './testing/cgroup.ts';
import { makeSpan, makeTrace } from './testing/traces.ts';
import { type RunningWeft, settledTrace, startWeft } from './testing/weft.ts';

/** Calls that one request makes; each gives a client and a server span. */
const CALLS = 500;
/** One request for `/fan` to itself, for which it calls itself so often, one call after the other. */
const FAN = `
  const http = require('node:http');
  const get = (path) => new Promise((resolve, reject) => {
    http.get({ port: server.address().port, path, agent }, (response) => {
      response.resume().on('end', resolve);
    }).on('error', reject);
  });
  const agent = new http.Agent({ keepAlive: true });
  const server = http.createServer(async (request, response) => {
    if (request.url === '/fan') for (let i = 0; i < ${CALLS}; i++) await get('/leaf');
    response.end('ok');
  });
  server.listen(0, '127.0.0.1', () => get('/fan'));
`;

let weft: RunningWeft;
let browser: Browser;
let program: ChildProcess;
let cgroup: TestCgroup;

beforeAll(async () => {
  cgroup = createCgroup('size');
  [weft, browser] = await Promise.all([
    startWeft('--only-cgroup', cgroup.path, '--cpu-budget', 'off'),
    startBrowser(),
  ]);
  program = spawn(
    '/bin/sh',
    ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup.path, process.execPath, '-e', FAN],
    { stdio: 'ignore' },
  );
});
afterAll(async () => {
  if (program !== undefined) {
    const ended = new Promise((resolve) => program.once('close', resolve));
    program.kill('SIGKILL');
    await ended;
  }
  await browser?.close();
  await weft?.stop();
  await cgroup?.remove();
});

/** How many programs want each core: what a time that was measured here is worth. At least 1. */
function crowding(): number {
  return Math.max(1, loadavg()[0]! / cpus().length);
}

/** ms from the begin of the navigation to the first frame with the waterfall in it. */
async function timeToRows(page: Page, url: string): Promise<number> {
  await page.goto(url, { waitUntil: 'commit' });
  const handle = await page.waitForFunction(
    () => document.querySelectorAll('[role=treeitem]').length > 10 && performance.now(),
    undefined,
    { polling: 'raf' },
  );
  return Number(await handle.jsonValue());
}

describe('large traces', () => {
  test('a trace of a thousand spans opens within a second', async () => {
    const trace = await settledTrace(weft, '', ({ spanCount }) => spanCount >= 2 * CALLS);
    expect(trace.spans.length).toBeGreaterThanOrEqual(2 * CALLS);
    const { page, problems } = await openPage(browser, weft.url);
    const url = `${weft.url}/traces/${trace.traceId}`;
    const times: number[] = [];
    for (let i = 0; i < 5; i++) times.push(await timeToRows(page, url));
    const best = Math.min(...times);
    console.log(
      `${trace.spans.length} spans: open in ${best.toFixed(0)} ms (best of 5), ${crowding().toFixed(1)} programs a core`,
    );
    expect(best).toBeLessThan(1000 * crowding());
    expect(problems).toEqual([]);
    await page.close();
  });

  test('a waterfall of a hundred thousand rows scrolls', async () => {
    const front = await serveInFront(weft.url, hugeTrace(100_000));
    try {
      const { page, problems } = await openPage(browser, front.url);
      const opened = await timeToRows(page, `${front.url}/traces/${front.traceId}`);
      expect(await page.locator('.trace-count').textContent()).toContain('100,000 spans');
      const frames = await page.evaluate(async () => {
        const scroller = document.querySelector('.waterfall')!;
        const times: number[] = [];
        let last = performance.now();
        for (let i = 0; i < 60; i++) {
          scroller.scrollTop += 9000;
          await new Promise(requestAnimationFrame);
          times.push(performance.now() - last);
          last = performance.now();
        }
        return times.sort((a, b) => a - b);
      });
      const [quarter, median] = [frames[15]!, frames[30]!];
      console.log(
        `100 000 rows: open in ${opened.toFixed(0)} ms; a frame of scrolling ${quarter.toFixed(0)} ms (first quartile), ${median.toFixed(0)} ms (median)`,
      );
      expect(quarter).toBeLessThan(50 * crowding());
      const lines = page.locator('[role=treeitem]');
      expect(await lines.count()).toBeLessThan(200);
      await page.keyboard.press('G');
      await expect.poll(() => lines.last().getAttribute('id')).toBe('line-99999');
      expect(problems).toEqual([]);
      await page.close();
    } finally {
      await front.close();
    }
  });
});

/** A request and its calls, one after the other: so many rows. */
function hugeTrace(rows: number): TraceJson {
  const spans = [makeSpan({ id: 1, parent: null, service: 'shop', from: 0, to: rows * 1000 })];
  for (let i = 1; i < rows; i++) {
    const from = i * 1000 - 900;
    spans.push(makeSpan({ id: i + 1, parent: 1, service: `service-${i % 40}`, from, to: from + 800 }));
  }
  return makeTrace(spans);
}

/**
 * A server that answers one trace itself and hands everything else on: a real one reads no more than 20 000 spans of
 * a trace.
 */
async function serveInFront(
  target: string,
  trace: TraceJson,
): Promise<{ url: string; traceId: string; close(): Promise<void> }> {
  const answer = JSON.stringify(trace);
  const server: Server = createServer((incoming, response) => {
    if (incoming.url === `/api/v1/traces/${trace.traceId}`) {
      response.setHeader('content-type', 'application/json').end(answer);
      return;
    }
    const { method, headers, url = '/' } = incoming;
    request(target + url, { method: method ?? 'GET', headers }, (upstream) => {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers);
      upstream.pipe(response);
    })
      .on('error', () => response.destroy())
      .end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    traceId: trace.traceId,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
