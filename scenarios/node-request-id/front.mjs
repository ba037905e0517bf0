// Waits by timers before its calls, so that nothing but an id tells for whom a call is made: two or three at once, then one more.
import { setTimeout as sleep } from 'node:timers/promises';
import { get, longTailed, serve } from '../node-event-loop/common.mjs';

const catalog = Number(process.env.CATALOG_PORT);
const leaf = Number(process.env.LEAF_PORT);

async function later(...call) {
  await sleep(longTailed(2, 40));
  return get(...call);
}

serve(async (serving) => {
  if (Math.random() < 0.06) return [200, { cached: true }];
  const calls = [later(catalog, '/item', serving), later(leaf, '/price', serving)];
  if (Math.random() < 0.5) calls.push(later(leaf, '/price', serving));
  const statuses = await Promise.all(calls);
  if (Math.random() > 0.08) statuses.push(await later(leaf, '/price', serving));
  if (Math.random() < 0.03) return [500, { error: 'front' }];
  return [Math.max(...statuses) < 500 ? 200 : 502, { statuses }];
});
