import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildGo,
  findGo,
  findNginx,
  findPython,
  findRedis,
  freePorts,
  type ProgramGroup,
  repoRoot,
} from '../scenarios/programs/index.ts';
import { nginxConfig } from './nginx.ts';

/** What starting the shop's parts needs. */
export interface ShopContext {
  readonly group: ProgramGroup;
  /** Private folder of this demo. */
  readonly folder: string;
  /** Notes that a part is left out, and why. */
  skip(reason: string): void;
}

const sources = (...path: string[]) => join(repoRoot(), 'demo', ...path);
const portOf = (name: string, port: number | null): Record<string, string> =>
  port === null ? {} : { [name]: String(port) };

/** A program under a name of its own, which is what it is known by. */
function named(context: ShopContext, name: string, binary: string): string {
  const path = join(context.folder, name);
  symlinkSync(binary, path);
  return path;
}

/** Builds the shop's Go program. @returns its path; null when there is no Go. @throws Error with the compiler's words */
export function buildDemo(): Promise<string | null> {
  return findGo() === null ? Promise.resolve(null) : buildGo(sources('pricing'), 'pricing');
}

async function startRedis(context: ShopContext): Promise<number | null> {
  const binary = findRedis();
  if (binary === null) {
    context.skip('Redis is not installed: the orders service keeps its data in memory');
    return null;
  }
  const port = (await freePorts(1))[0]!;
  const settings = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', context.folder];
  await context.group.start({
    name: 'redis',
    command: named(context, 'redis-server', binary),
    args: ['--port', String(port), ...settings],
    port,
  });
  return port;
}

async function startOrders(context: ShopContext): Promise<number | null> {
  const python = findPython();
  if (python === null) {
    context.skip('Python 3 is not installed: no orders service, no Redis');
    return null;
  }
  const redis = await startRedis(context);
  const port = (await freePorts(1))[0]!;
  await context.group.start({
    name: 'orders',
    command: python,
    args: [sources('orders', 'orders.py')],
    env: { PYTHONDONTWRITEBYTECODE: '1', PORT: String(port), ...portOf('REDIS_PORT', redis) },
    port,
  });
  return port;
}

async function startPricing(context: ShopContext, orders: number | null): Promise<number | null> {
  const binary = await buildDemo();
  if (binary === null) {
    context.skip('Go is not installed: no pricing service');
    return null;
  }
  const port = (await freePorts(1))[0]!;
  await context.group.start({
    name: 'pricing',
    command: named(context, 'pricing', binary),
    args: [],
    env: { PORT: String(port), ...portOf('ORDERS_PORT', orders) },
    port,
  });
  return port;
}

async function startProxy(context: ShopContext, storefront: number): Promise<number> {
  const nginx = findNginx();
  if (nginx === null) {
    context.skip('nginx is not installed: shoppers speak to the storefront itself');
    return storefront;
  }
  const port = (await freePorts(1))[0]!;
  const file = join(context.folder, 'nginx.conf');
  writeFileSync(file, nginxConfig(context.folder, port, storefront));
  const args = ['-p', context.folder, '-e', 'stderr', '-c', file];
  await context.group.start({ name: 'nginx', command: nginx, args, port });
  return port;
}

/**
 * Starts all parts of the shop that this machine can run, from the back to the front, and its shoppers.
 * @returns the port to which the shoppers speak
 */
export async function startShop(context: ShopContext): Promise<number> {
  const orders = await startOrders(context);
  const pricing = await startPricing(context, orders);
  const storefront = (await freePorts(1))[0]!;
  await context.group.start({
    name: 'storefront',
    command: process.execPath,
    args: [sources('storefront', 'storefront.mjs')],
    env: { PORT: String(storefront), ...portOf('ORDERS_PORT', orders), ...portOf('PRICING_PORT', pricing) },
    port: storefront,
  });
  const front = await startProxy(context, storefront);
  await context.group.start({
    name: 'shoppers',
    command: process.execPath,
    args: [sources('shoppers', 'shoppers.mjs')],
    env: { SHOP_PORT: String(front) },
  });
  return front;
}
