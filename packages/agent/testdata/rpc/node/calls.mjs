// gRPC, both ends: `serve`, `call PORT`. The server prints its port. Messages are bytes as they stand.
import { Client, credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';

const same = (bytes) => bytes;
const methods = {
  Unary: [false, false],
  Fail: [false, false],
  Collect: [true, false],
  Expand: [false, true],
  Chat: [true, true],
};
const path = (name) => `/weft.test.Calls/${name}`;
const service = Object.fromEntries(
  Object.entries(methods).map(([name, [requestStream, responseStream]]) => [
    name,
    {
      path: path(name),
      requestStream,
      responseStream,
      requestSerialize: same,
      requestDeserialize: same,
      responseSerialize: same,
      responseDeserialize: same,
    },
  ]),
);

function serve() {
  const server = new Server();
  server.addService(service, {
    Unary: (call, answer) => answer(null, call.request),
    Fail: (_, answer) => answer({ code: status.NOT_FOUND, details: 'no' }),
    Collect: (call, answer) => {
      call.on('data', () => {});
      call.on('end', () => answer(null, Buffer.from('collected')));
    },
    Expand: (call) => {
      for (let i = 0; i < 4; i++) call.write(Buffer.alloc(10_000 * i, 'x'));
      call.end();
    },
    Chat: (call) => {
      call.on('data', (message) => call.write(message));
      call.on('end', () => call.end());
    },
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    console.log(port);
  });
}

async function call(port) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const unary = (name, text) =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(path(name), same, same, Buffer.from(text), (error, answer) =>
        error ? reject(error) : resolve(answer),
      ),
    );
  const ended = (stream) => new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
  await unary('Unary', 'one');
  await unary('Unary', 'two');
  const failure = await unary('Fail', '').catch(({ code }) => code);
  if (failure !== status.NOT_FOUND) throw new Error('Fail did not fail');
  await new Promise((resolve, reject) => {
    const stream = client.makeClientStreamRequest(path('Collect'), same, same, (error) =>
      error ? reject(error) : resolve(),
    );
    for (let i = 0; i < 3; i++) stream.write(Buffer.from('part'));
    stream.end();
  });
  await ended(client.makeServerStreamRequest(path('Expand'), same, same, Buffer.from('go')).resume());
  const chat = client.makeBidiStreamRequest(path('Chat'), same, same);
  let answers = 0;
  chat.on('data', () => {
    if (++answers === 3) chat.end();
    else chat.write(Buffer.from('ping'));
  });
  chat.write(Buffer.from('ping'));
  await ended(chat);
  client.close();
}

const [mode, port] = process.argv.slice(2);
if (mode === 'serve') serve();
else await call(port);
