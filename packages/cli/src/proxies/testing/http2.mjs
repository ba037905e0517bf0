// HTTP/2 on both sides of a proxy. Each request has a body of a length of its own, by which the test knows it again.
//   back                             answers HTTP/2 without TLS, prints its port
//   load URL COUNT WORKERS SESSIONS  asks for /warm until SIGUSR2 comes, then COUNT requests, WORKERS at a time over SESSIONS connections
import { connect, createServer } from 'node:http2';

const [mode, url, count, workers, sessions] = process.argv.slice(2);

/** Long-tailed, 0 to some 10 ms. */
const pause = () => new Promise((resolve) => setTimeout(resolve, Math.min(10, -2 * Math.log(Math.random()))));

function back() {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.resume().on('end', async () => {
      await pause();
      stream.respond({ ':status': 200 });
      stream.end('done');
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
}

function ask(session, length, path = '/work') {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-length': length });
    let status = 0;
    stream
      .on('response', (headers) => {
        status = headers[':status'];
      })
      .on('end', () => (status === 200 ? resolve() : reject(new Error(`answered ${status}`))))
      .on('error', reject)
      .resume();
    stream.end(Buffer.alloc(length, 'x'));
  });
}

async function load() {
  const all = Array.from({ length: Number(sessions) }, () => connect(url, { rejectUnauthorized: false }));
  let begun = false;
  process.once('SIGUSR2', () => {
    begun = true;
  });
  while (!begun) {
    await ask(all[0], 1, '/warm');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  let next = 1;
  const work = async (worker) => {
    while (next <= Number(count)) await ask(all[worker % all.length], next++);
  };
  await Promise.all(Array.from({ length: Number(workers) }, (_, worker) => work(worker)));
  console.log('done');
  process.exit(0);
}

if (mode === 'back') back();
else load();
