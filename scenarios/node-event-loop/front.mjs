// Fans out with Promise.all to two or three calls, then makes one more.
import { get, serve } from './common.mjs';

const catalog = Number(process.env.CATALOG_PORT);
const leaf = Number(process.env.LEAF_PORT);

serve(async (serving) => {
  if (Math.random() < 0.06) return [200, { cached: true }];
  const calls = [get(catalog, '/item', serving), get(leaf, '/price', serving)];
  if (Math.random() < 0.5) calls.push(get(leaf, '/stock', serving));
  const statuses = await Promise.all(calls);
  let last = 200;
  if (Math.random() > 0.08) {
    last = await get(leaf, '/price', serving);
    if (last === 503) last = await get(leaf, '/price', serving);
  }
  if (Math.random() < 0.03) return [500, { error: 'front' }];
  const worst = Math.max(last, ...statuses);
  return [worst < 500 ? 200 : 502, { statuses, last }];
});
