// Programs of a small system whose proxies are not traced, in plain HTTP. They know nothing of Weft; each request has a body of a length of its
// own, by which the test knows them again, and path and ids as the test wants them.
//   back                           answers
//   middle PORT                    asks PORT for the same again, passing the id on, and answers
//   load PORT COUNT WORKERS IDS    COUNT requests; IDS: fresh (one each), none (the proxy makes them), N (so many, used again and again)
import { randomUUID } from 'node:crypto';
import http from 'node:http';

const [role, ...args] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

/** Long-tailed, 0 to some 10 ms. */
const pause = () => new Promise((resolve) => setTimeout(resolve, Math.min(10, -2 * Math.log(Math.random()))));

function ask(port, body, id) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-length': body.length, ...(id === undefined ? {} : { 'x-request-id': id }) };
    const request = http.request({ port, agent, method: 'POST', path: '/work', headers }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
      response.resume().on('end', resolve);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function serve(work) {
  const server = http.createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const body = await bodyOf(request);
    await pause();
    if (request.url === '/work') await work(body, request.headers['x-request-id']);
    response.end('done');
  });
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
}

async function load(port, count, workers, ids) {
  const pool = Array.from({ length: Number(ids) || 0 }, () => randomUUID());
  let next = 1;
  const worker = async () => {
    while (next <= count) {
      const length = next++;
      const id =
        ids === 'none'
          ? undefined
          : ids === 'fresh'
            ? randomUUID()
            : pool[Math.floor(Math.random() * pool.length)];
      await ask(port, Buffer.alloc(length, 'x'), id);
    }
  };
  await Promise.all(Array.from({ length: workers }, worker));
  console.log('done');
  process.exit(0);
}

if (role === 'back') serve(async () => {});
else if (role === 'middle') serve((body, id) => ask(Number(args[0]), body, id));
else if (role === 'load') load(Number(args[0]), Number(args[1]), Number(args[2]), args[3]);
