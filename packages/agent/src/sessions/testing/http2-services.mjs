// Programs that speak HTTP/2 without TLS: `answer`, `backend`, `front PORT`, `load PORT COUNT WORKERS SESSIONS`.
// The load asks front for /work/ID; front calls the gRPC methods FirstID and, after its answer, ThenID of the backend
// over one connection. Each prints its port, or `done`, and ends with its standard input.
import { connect, createServer } from 'node:http2';

const [mode, port, count, workers, sessions] = process.argv.slice(2);
process.stdin.resume().on('end', () => process.exit());

const message = (text) => Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), Buffer.from(text)]);

function serve(answer) {
  const server = createServer();
  server.on('stream', answer);
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

function backend() {
  serve((stream, headers) => {
    stream.resume().on('end', () => {
      setTimeout(() => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () =>
          stream.sendTrailers({ 'grpc-status': headers[':path'].endsWith('7') ? 5 : 0 }),
        );
        stream.end(message('done'));
      }, Math.random() * 6);
    });
  });
}

function call(session, path) {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ...{ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' },
    });
    stream
      .on('data', () => {})
      .on('end', resolve)
      .on('error', reject);
    stream.end(message('ask'));
  });
}

function front() {
  const session = connect(`http://127.0.0.1:${port}`);
  serve(async (stream, headers) => {
    const id = headers[':path'].slice('/work/'.length);
    await call(session, `/shop.Stock/First${id}`);
    await call(session, `/shop.Stock/Then${id}`);
    stream.respond({ ':status': 200 });
    stream.end('worked');
  });
}

async function load() {
  const all = Array.from({ length: Number(sessions) }, () => connect(`http://127.0.0.1:${port}`));
  let next = 0;
  const work = async (worker) => {
    while (next < Number(count)) {
      const stream = all[worker % all.length].request({ ':path': `/work/${next++}` });
      await new Promise((resolve, reject) => {
        stream
          .on('data', () => {})
          .on('end', resolve)
          .on('error', reject);
        stream.end();
      });
    }
  };
  await Promise.all(Array.from({ length: Number(workers) }, (_, i) => work(i)));
  for (const session of all) session.close();
  console.log('done');
}

function answer() {
  serve((stream, headers) => {
    stream.resume().on('end', () => {
      stream.respond({ ':status': headers[':path'] === '/missing' ? 404 : 200 });
      stream.end('answered');
    });
  });
}

({ answer, backend, front, load })[mode]();
