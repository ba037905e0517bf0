import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpanJson, TraceJson } from '@weft/model';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, startBrowser } from './testing/browser.ts';
import { type RunningWeft, settledTrace, startWeft } from './testing/weft.ts';

/** `npm run screenshot` takes the pictures from here. */
const FOLDER = fileURLToPath(new URL('../../../.weft/screenshots', import.meta.url));
const SIZE = { width: 1360, height: 800 };
/** The repository keeps them: bytes. */
const MOST = 300_000;
/** Losses are counted by the minute. */
const LIMIT_MS = 180_000;

let weft: RunningWeft;
let browser: Browser;
let trace: TraceJson;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  [weft, browser] = await Promise.all([startWeft('--demo'), startBrowser()]);
  const settledSince = BigInt(Date.now() + 5000) * 1_000_000n;
  trace = await settledTrace(
    weft,
    `endpoint=${encodeURIComponent('POST /cart')}`,
    ({ services, durationNano, startTimeUnixNano }) =>
      services.length === 8 && Number(durationNano) < 50e6 && BigInt(startTimeUnixNano) > settledSince,
    isTypical,
    LIMIT_MS,
  );
}, LIMIT_MS + 30_000);

/** A purchase that waits for its prices, in a minute in which nothing was lost (at the start, something is). */
function isTypical({ spans, completeness }: TraceJson): boolean {
  const isLossless = Object.values(completeness.lost).every((count) => count === 0);
  const prices = quotes(spans);
  if (prices === undefined || !isLossless) return false;
  const beside = spans.filter((span) => span.parentSpanId === prices.parentSpanId);
  const isLast = beside.every((span) => endOf(span) <= endOf(prices));
  return isLast && Number(prices.durationNano) > 0.35 * Number(spans[0]?.durationNano);
}

function endOf({ startTimeUnixNano, durationNano }: SpanJson): bigint {
  return BigInt(startTimeUnixNano) + BigInt(durationNano);
}

function quotes(spans: readonly SpanJson[]): SpanJson | undefined {
  return spans.find((span) => span.name === 'POST /quotes' && span.kind === 'client');
}

afterAll(async () => {
  await browser?.close();
  await weft?.stop();
});

test.each(['light', 'dark'] as const)('a picture of a trace, %s', async (colorScheme) => {
  const { page, problems } = await openPage(browser, weft.url, {
    colorScheme,
    viewport: SIZE,
    deviceScaleFactor: 1.5,
  });
  const call = quotes(trace.spans)!;
  await page.goto(`${weft.url}/traces/${trace.traceId}?span=${call.spanId}`);
  await page.getByRole('complementary', { name: 'Selected span' }).waitFor();
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  const path = join(FOLDER, colorScheme === 'dark' ? 'trace-dark.png' : 'trace.png');
  await page.screenshot({ path });
  expect(statSync(path).size).toBeGreaterThan(30_000);
  expect(statSync(path).size).toBeLessThan(MOST);
  expect(problems).toEqual([]);
  await page.close();
});
