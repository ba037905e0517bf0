// One of the threads that make the calls: two at once, or one, and then perhaps another.
import { parentPort } from 'node:worker_threads';
import { get, writeTruth } from '../node-event-loop/common.mjs';

const catalog = Number(process.env.CATALOG_PORT);
const leaf = Number(process.env.LEAF_PORT);

parentPort.on('message', async (serving) => {
  const calls = [get(catalog, '/item', serving)];
  if (Math.random() < 0.4) calls.push(get(leaf, '/price', serving));
  let status = Math.max(...(await Promise.all(calls)));
  if (status === 503 || Math.random() < 0.5) status = await get(leaf, '/stock', serving);
  // A thread is not told of the process's end.
  writeTruth();
  parentPort.postMessage(status);
});
