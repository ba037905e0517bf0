import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, startBrowser } from './testing/browser.ts';
import { createCgroup, type TestCgroup } from './testing/cgroup.ts';
import { type RunningWeft, startWeft } from './testing/weft.ts';

let cgroup: TestCgroup;
let folder: string;
let weft: RunningWeft;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  cgroup = createCgroup('empty');
  folder = mkdtempSync(join(tmpdir(), 'weft-token-'));
  const file = join(folder, 'token');
  writeFileSync(file, 'open sesame\n', { mode: 0o600 });
  [weft, browser] = await Promise.all([
    startWeft('--only-cgroup', cgroup.path, '--token-file', file),
    startBrowser(),
  ]);
  page = (await openPage(browser, weft.url)).page;
});
afterAll(async () => {
  await browser?.close();
  await weft?.stop();
  rmSync(folder, { recursive: true, force: true });
  await cgroup?.remove();
});

describe('when there is nothing to see', () => {
  test('it asks for the token, and says when it is the wrong one', async () => {
    await page.goto(weft.url);
    const token = page.getByLabel(/who have its token/);
    await token.fill('please');
    await page.keyboard.press('Enter');
    await page.getByText('That token was not accepted.').waitFor();
    await token.fill('open sesame');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Services' }).waitFor();
  });

  test('it says who watches, and what to do', async () => {
    await page.getByRole('heading', { name: 'Nothing was seen in this time' }).waitFor();
    await expect.poll(() => page.getByRole('status').textContent()).toMatch(/Watching: .+ \(tier \w+\)/);
  });

  test('it says that the server does not answer, and goes on when it does', async () => {
    await page.goto(`${weft.url}/?service=none`);
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Look at the last 24 h' }).click();
    await page.getByRole('heading', { name: 'The server does not answer' }).waitFor();
    await page.context().setOffline(false);
    await page.getByRole('heading', { name: 'No trace matches' }).waitFor();
  });

  test('a trace that is not here leads back', async () => {
    await page.goto(`${weft.url}/traces/${'e'.repeat(32)}`);
    await page.getByRole('heading', { name: 'This trace is not here' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Services' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });
});
