// Middle service; it calls through the global fetch (undici), with its own pool of connections.
import { newCall, serve } from './common.mjs';

const leaf = `http://127.0.0.1:${process.env.LEAF_PORT}`;

async function read(path, serving) {
  const response = await fetch(`${leaf}${path}/${newCall(serving)}`);
  await response.text();
  return response.status;
}

serve(async (serving) => {
  if (Math.random() < 0.04) return [404, { error: 'unknown item' }];
  let status = await read('/detail', serving);
  if (status === 503 || Math.random() < 0.25) status = await read('/detail', serving);
  return [status, { status }];
});
