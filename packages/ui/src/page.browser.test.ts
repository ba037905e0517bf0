import type { TraceJson } from '@weft/model';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, startBrowser, type WatchedPage } from './testing/browser.ts';
import { type RunningWeft, settledTrace, startWeft } from './testing/weft.ts';

/** How a purchase goes through the shop's services (demo/shop.ts); what follows runs side by side. */
const ORDER = ['nginx', 'storefront', 'orders'];

let weft: RunningWeft;
let browser: Browser;
let trace: TraceJson;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  [weft, browser] = await Promise.all([startWeft('--demo'), startBrowser()]);
  trace = await settledTrace(
    weft,
    `endpoint=${encodeURIComponent('POST /cart')}`,
    ({ services }) => services.length >= 7,
  );
  watched = await openPage(browser, weft.url);
  page = watched.page;
});
afterAll(async () => {
  await browser?.close();
  await weft?.stop();
});

const rows = () => page.getByRole('treeitem');
const rowServices = () => page.locator('.line-service').allTextContents();
const selected = () => page.locator('[role=treeitem][aria-selected=true]');
const url = () => new URL(page.url());
/** The URL follows what is shown after a moment. */
const urlHas = (name: string, value: string | null) =>
  expect.poll(() => url().searchParams.get(name)).toBe(value);

describe('the page over a traced demo', () => {
  test('finds a request by a filter, and says which agents watch', async () => {
    await page.goto(weft.url);
    await page
      .getByRole('link', { name: /shoppers/ })
      .first()
      .waitFor();
    await page.getByRole('button', { name: /1 agent/ }).click();
    await expect.poll(() => page.getByRole('dialog').textContent()).toMatch(/tier\s*\w+[\s\S]*spans stored/);
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: /^pricing/ }).click();
    await urlHas('service', 'pricing');
    await page.getByRole('button', { name: /^POST \/quotes/ }).click();
    await urlHas('endpoint', 'POST /quotes');
    const list = page.getByRole('list', { name: 'Traces' });
    await expect.poll(() => list.getByRole('link').count()).toBeGreaterThan(0);
    await expect
      .poll(async () => [...new Set(await list.getByRole('link').locator('.mono').allTextContents())])
      .toEqual(['POST /cart']);

    await page.keyboard.press('/');
    await page.keyboard.type('http.response.status_code=599');
    await page.keyboard.press('Enter');
    await urlHas('q', 'http.response.status_code=599');
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await page.getByRole('button', { name: 'Lift all filters' }).click();
    await expect.poll(() => list.getByRole('link').count()).toBeGreaterThan(0);
    expect(url().search).toBe('');
  });

  test('narrows the time by dragging over the plot, and by its ends', async () => {
    await page.goto(weft.url);
    const plot = page.getByRole('img', { name: /Duration over time/ });
    const { x, y, width, height } = (await plot.boundingBox())!;
    await page.mouse.move(x + width * 0.4, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.8, y + height / 2, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => url().searchParams.get('from')).not.toBeNull();
    const [from, to] = ['from', 'to'].map((name) => BigInt(url().searchParams.get(name)!));
    expect(from! < to!).toBe(true);
    await page.getByRole('list', { name: 'Traces' }).getByRole('link').first().waitFor();
    await page.getByLabel('from').fill('2026-01-01T00:00:00.500');
    const moment = await page.evaluate(() => new Date('2026-01-01T00:00:00.500').getTime());
    await urlHas('from', `${moment}000000`);
    await page.getByRole('button', { name: 'Back to the last hour' }).click();
    await urlHas('from', null);
  });

  test('opens a trace from the list by keys, and goes back to the same place', async () => {
    await page.goto(`${weft.url}/?endpoint=${encodeURIComponent('POST /cart')}`);
    await page.getByRole('list', { name: 'Traces' }).getByRole('link').first().waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowDown');
    const at = page.locator('[aria-current=true]');
    const href = await at.getAttribute('href');
    await page.keyboard.press('Enter');
    await rows().first().waitFor();
    expect(url().pathname).toBe(href);
    await page.keyboard.press('Escape');
    await at.waitFor();
    expect(await at.getAttribute('href')).toBe(href);
    await urlHas('endpoint', 'POST /cart');
  });

  test('shows the services of a request in order, both ends of each call in one row', async () => {
    await page.goto(`${weft.url}/traces/${trace.traceId}`);
    await rows().first().waitFor();
    const services = await rowServices();
    expect(services.slice(0, ORDER.length)).toEqual(ORDER);
    expect(services).toEqual(
      trace.spans.filter((span) => span.kind === 'server').map((span) => span.service),
    );
    expect(services).toHaveLength(trace.spans.length / 2);
    expect(await rows().first().textContent()).toContain('shoppers → nginx');
    // The server's bar lies within the client's.
    const line = page.getByRole('treeitem', { name: /pricing/ });
    const [outer, inner] = await Promise.all([
      line.locator('.bar.outer').boundingBox(),
      line.locator('.bar.inner').boundingBox(),
    ]);
    expect(inner!.x).toBeGreaterThanOrEqual(outer!.x - 0.5);
    expect(inner!.x + inner!.width).toBeLessThanOrEqual(outer!.x + outer!.width + 0.5);
    await page.getByText('all linked').waitFor();
  });

  test('says of a call why it belongs to the request, kind by kind', async () => {
    await page.getByRole('treeitem', { name: /pricing/ }).click();
    const detail = page.getByRole('complementary', { name: 'Selected span' });
    await detail.waitFor();
    const call = trace.spans.find((span) => span.name === 'POST /quotes' && span.kind === 'client')!;
    await urlHas('span', call.spanId);
    for (const { kind, key } of call.links.find((link) => link.chosen)!.evidence) {
      const item = detail.locator(`.evidence[data-kind=${kind}]`).filter({ hasText: key });
      expect(await item.textContent()).toMatch(/\d\.\d\d[\s\S]*\w+ \w+ \w+/);
    }
    expect(await detail.locator('.evidence[data-kind=tcp-seq]').textContent()).toContain(
      'Both ends saw the same bytes',
    );
    const text = await detail.textContent();
    expect(text).toMatch(/storefront waited[\d.]+.(ms|µs)pricing took[\d.]+.(ms|µs)/);
    for (const attribute of ['http.request.method', 'url.path', 'process.pid', 'network.peer.address']) {
      expect(text).toContain(attribute);
    }
    // The parent is a click away.
    await detail.getByRole('button', { name: /^storefront POST \/cart/ }).click();
    await expect.poll(() => selected().textContent()).toContain('storefront');
  });

  test('keeps everything in the URL: a reload shows the same', async () => {
    await page.goto(`${weft.url}/traces/${trace.traceId}`);
    await rows().first().waitFor();
    for (const key of ['j', 'j', 'j', 'h', 'j', 'u', 'z']) await page.keyboard.press(key);
    await page.keyboard.press('/');
    await page.keyboard.type('redis');
    await urlHas('find', 'redis');
    await urlHas('unfolded', url().searchParams.get('span'));
    expect(url().searchParams.get('zoom')).toMatch(/^\d+-\d+$/);
    expect(url().searchParams.get('toggled')).toMatch(/^[0-9a-f]{16}$/);
    const shown = async () => ({
      lines: await rows().allTextContents(),
      selected: await selected().textContent(),
      ticks: await page.locator('.waterfall-head .tick').allTextContents(),
      dimmed: await page.locator('.line.dimmed').count(),
      detail: await page.getByRole('complementary').textContent(),
    });
    const before = await shown();
    expect(before.lines.join('\n')).toContain('as its caller saw it');
    expect(before.dimmed).toBeGreaterThan(0);
    await page.reload();
    await rows().first().waitFor();
    await expect.poll(shown).toEqual(before);
  });

  test('goes everywhere by keys', async () => {
    await page.goto(`${weft.url}/traces/${trace.traceId}`);
    await rows().first().waitFor();
    const all = await rows().count();
    await page.keyboard.press('s');
    const slowest = await page.locator('.hops-list button').first().textContent();
    expect(slowest).toContain((await selected().locator('.line-service').textContent())!);
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await expect.poll(() => rows().count()).toBe(1);
    await page.keyboard.press('l');
    await expect.poll(() => rows().count()).toBe(all);
    await page.keyboard.press('G');
    await expect.poll(() => selected().textContent()).toBe(await rows().last().textContent());
    await page.keyboard.press('/');
    await page.keyboard.type('db.system.name=redis');
    await page.keyboard.press('Enter');
    await expect.poll(() => selected().textContent()).toContain('redis-server');
    const first = await selected().getAttribute('id');
    await page.keyboard.press('n');
    await expect.poll(() => selected().getAttribute('id')).not.toBe(first);
    expect(await selected().textContent()).toContain('redis-server');
    await page.keyboard.press('?');
    await expect
      .poll(() => page.getByRole('dialog', { name: 'Keys' }).textContent())
      .toContain('slowest hop');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('complementary').count()).toBe(0);
  });

  test('zooms by dragging over the minimap, and back by a double click', async () => {
    const map = page.getByRole('img', { name: /The whole trace/ });
    const { x, y, width, height } = (await map.boundingBox())!;
    await page.mouse.move(x + width * 0.25, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.75, y + height / 2, { steps: 4 });
    await page.mouse.up();
    const duration = Number(
      trace.spans.reduce((end, span) => {
        const own = BigInt(span.startTimeUnixNano) + BigInt(span.durationNano);
        return own > end ? own : end;
      }, 0n) - BigInt(trace.spans[0]!.startTimeUnixNano),
    );
    await expect.poll(() => url().searchParams.get('zoom')).not.toBeNull();
    const [from, to] = url().searchParams.get('zoom')!.split('-').map(Number);
    expect(from! / duration).toBeCloseTo(0.25, 1);
    expect(to! / duration).toBeCloseTo(0.75, 1);
    await map.dblclick({ position: { x: 5, y: 40 } });
    await urlHas('zoom', null);
  });

  test('is dark when the system is, and when it is told to be', async () => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const lightness = async () => Number(/oklch\(([\d.]+)/.exec(await ground())?.[1]);
    expect(await lightness()).toBeGreaterThan(0.9);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(lightness).toBeLessThan(0.3);
    await page.keyboard.press('t');
    await expect.poll(lightness).toBeGreaterThan(0.9);
    await page.keyboard.press('t');
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(lightness).toBeLessThan(0.3);
    await page.reload();
    await rows().first().waitFor();
    expect(await lightness()).toBeLessThan(0.3);
  });

  test('breaks no rule of the server, and asks nobody else', () => {
    expect(watched.problems).toEqual([]);
  });
});
