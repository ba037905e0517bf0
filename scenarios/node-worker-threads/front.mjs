// The main thread serves and hands each request to one of four threads, which makes the calls; a thread has one at a time.
import { Worker } from 'node:worker_threads';
import { serve } from '../node-event-loop/common.mjs';

const waiting = [];
const idle = Array.from({ length: 4 }, () => new Worker(new URL('./worker.mjs', import.meta.url)));

function next() {
  if (waiting.length === 0 || idle.length === 0) return;
  const { serving, resolve } = waiting.shift();
  const worker = idle.shift();
  worker.once('message', (status) => {
    idle.push(worker);
    resolve(status);
    next();
  });
  worker.postMessage(serving);
}

const handOver = (serving) =>
  new Promise((resolve) => {
    waiting.push({ serving, resolve });
    next();
  });

serve(async (serving) => {
  if (Math.random() < 0.06) return [200, { cached: true }];
  const status = await handOver(serving);
  if (Math.random() < 0.03) return [500, { error: 'front' }];
  return [status < 500 ? 200 : 502, { status }];
});
