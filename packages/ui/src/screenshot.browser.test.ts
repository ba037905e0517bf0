import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TraceJson } from '@weft/model';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPage, startBrowser } from './testing/browser.ts';
import { type RunningWeft, settledTrace, startWeft } from './testing/weft.ts';

/** `npm run screenshot` takes the pictures from here. */
const FOLDER = fileURLToPath(new URL('../../../.weft/screenshots', import.meta.url));
const SIZE = { width: 1360, height: 800 };
/** The repository keeps them: bytes. */
const MOST = 300_000;

let weft: RunningWeft;
let browser: Browser;
let trace: TraceJson;

beforeAll(async () => {
  mkdirSync(FOLDER, { recursive: true });
  [weft, browser] = await Promise.all([startWeft('--demo'), startBrowser()]);
  // A purchase that is neither of the first, which warm things up, nor one of those that the shop slows down.
  const settledSince = BigInt(Date.now() + 5000) * 1_000_000n;
  trace = await settledTrace(
    weft,
    `endpoint=${encodeURIComponent('POST /cart')}`,
    ({ services, spanCount, durationNano, startTimeUnixNano }) =>
      services.length === 6 &&
      spanCount >= 20 &&
      Number(durationNano) < 50e6 &&
      BigInt(startTimeUnixNano) > settledSince,
  );
});
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
  const call = trace.spans.find((span) => span.name === 'POST /quotes' && span.kind === 'client')!;
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
