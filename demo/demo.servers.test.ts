import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accepts } from '../scenarios/programs/index.ts';
import { startDemo } from './main.ts';

describe('startDemo', () => {
  test('the shop answers on all its pages, and nothing is left of it afterwards', async () => {
    const home = mkdtempSync(join(tmpdir(), 'weft-home-'));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = home;
    const lines: string[] = [];
    const demo = await startDemo({ log: (line) => lines.push(line) });
    try {
      const get = async (path: string) => (await fetch(demo.url + path)).status;
      expect(demo.skipped).toEqual([]);
      expect(await get('/products/rope')).toBe(200);
      expect(await get('/products/anvil')).toBe(200);
      expect(await get('/products/piano')).toBe(404);
      expect(await get('/nowhere')).toBe(404);
      expect(await get('/orders/7')).toBe(200);
      expect(await get('/orders/13')).toBe(502);
      expect(await get('/orders/999999')).toBe(404);
      const cart = (sku: string) =>
        fetch(`${demo.url}/cart`, {
          method: 'POST',
          body: JSON.stringify({ user: 'test', sku, quantity: 2 }),
        });
      const bought = await cart('rope');
      expect(bought.status).toBe(201);
      expect(await bought.json()).toMatchObject({ lines: 1 });
      expect((await cart('tunnel')).status).toBe(409);
      expect(lines.at(-1)).toContain(demo.url);
      expect(readdirSync(home)).toHaveLength(1);
    } finally {
      await demo.stop();
      await demo.stop();
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    expect(await accepts(Number(new URL(demo.url).port))).toBe(false);
    expect(readdirSync(home)).toEqual([]);
    rmSync(home, { recursive: true });
    expect(existsSync(home)).toBe(false);
  }, 120_000);

  test('a shop without nginx, Go and databases still runs, and says what it lacks', async () => {
    const hidden = ['WEFT_NGINX', 'WEFT_GO', 'WEFT_REDIS', 'WEFT_MARIADB'];
    const before = hidden.map((name) => process.env[name]);
    for (const name of hidden) process.env[name] = '/nonexistent/program';
    try {
      const demo = await startDemo({ log: () => {} });
      try {
        expect(demo.skipped.join('; ')).toMatch(/MariaDB.*Redis.*Go.*nginx/);
        expect((await fetch(`${demo.url}/orders/7`)).status).toBe(200);
        expect((await fetch(`${demo.url}/products/rope`)).status).toBe(200);
      } finally {
        await demo.stop();
      }
    } finally {
      hidden.forEach((name, i) => {
        const value = before[i];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      });
    }
  }, 60_000);
});
