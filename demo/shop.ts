import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildGo,
  findGo,
  findNginx,
  freePorts,
  type ProgramGroup,
  repoRoot,
  startMariaDb,
  startPostgres,
  startRedis,
} from '../scenarios/programs/index.ts';
import { nginxConfig } from './nginx.ts';
import { findShopPython, type ShopPython } from './python.ts';

/** What starting the shop's parts needs. */
export interface ShopContext {
  readonly group: ProgramGroup;
  /** Private folder of this demo. */
  readonly folder: string;
  /** Where the shoppers note their requests; null: nowhere. */
  readonly shoppersLog: string | null;
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

/** Ports of the data's servers; null: not in this shop. */
interface Data {
  readonly mariadb: number | null;
  readonly redis: number | null;
  readonly postgres: number | null;
}

/** Starts the servers of those services that there are, all at once: making their data is most of the demo's start. */
async function startData(context: ShopContext, python: ShopPython | null, pricing: boolean): Promise<Data> {
  const none = Promise.resolve(null);
  const started = await Promise.allSettled([
    python?.hasPyMySql ? startMariaDb(context.group, context.folder) : none,
    python?.hasRedis ? startRedis(context.group, context.folder) : none,
    pricing ? startPostgres(context.group, context.folder) : none,
  ]);
  const [mariadb, redis, postgres] = started.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  }) as [number | null, number | null, number | null];
  if (python !== null && mariadb === null) {
    const what = python.hasPyMySql ? 'MariaDB' : "Python's pymysql";
    context.skip(`${what} is not installed: the orders service keeps orders in memory`);
  }
  if (python !== null && redis === null) {
    const what = python.hasRedis ? 'Redis' : "Python's redis";
    context.skip(`${what} is not installed: the orders service keeps carts in memory`);
  }
  if (pricing && postgres === null) {
    context.skip('PostgreSQL is not installed: the pricing service has its prices from a list');
  }
  return { mariadb, redis, postgres };
}

async function startOrders(
  context: ShopContext,
  python: ShopPython | null,
  data: Data,
): Promise<number | null> {
  if (python === null) {
    context.skip('Python 3 is not installed: no orders service, no MariaDB, no Redis');
    return null;
  }
  const port = (await freePorts(1))[0]!;
  await context.group.start({
    name: 'orders',
    command: python.command,
    args: [sources('orders', 'orders.py')],
    env: {
      PYTHONDONTWRITEBYTECODE: '1',
      PORT: String(port),
      ...portOf('MARIADB_PORT', data.mariadb),
      ...portOf('REDIS_PORT', data.redis),
    },
    port,
  });
  return port;
}

async function startPricing(
  context: ShopContext,
  binary: string | null,
  orders: number | null,
  data: Data,
): Promise<number | null> {
  if (binary === null) {
    context.skip('Go is not installed: no pricing service, no PostgreSQL');
    return null;
  }
  const port = (await freePorts(1))[0]!;
  await context.group.start({
    name: 'pricing',
    command: named(context, 'pricing', binary),
    args: [],
    env: { PORT: String(port), ...portOf('ORDERS_PORT', orders), ...portOf('POSTGRES_PORT', data.postgres) },
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
  const [python, binary] = await Promise.all([findShopPython(), buildDemo()]);
  const data = await startData(context, python, binary !== null);
  const orders = await startOrders(context, python, data);
  const pricing = await startPricing(context, binary, orders, data);
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
    env: {
      SHOP_PORT: String(front),
      ...(context.shoppersLog === null ? {} : { SHOPPERS_LOG: context.shoppersLog }),
    },
  });
  return front;
}
