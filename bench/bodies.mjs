// Requests and responses with large bodies over kept connections, for the benchmark `heads`.
//
//     bodies server PORT BYTES                     answers each request, once it is read, with so many bytes
//     bodies client PORT BYTES COUNT CONNECTIONS   sends so many requests with such a body; prints how many were answered
import http from 'node:http';

const [role, port, bytes, count, connections] = process.argv.slice(2);
const body = Buffer.alloc(Number(bytes), 'x');
const headers = { 'content-type': 'application/octet-stream', 'content-length': body.length };

function serve() {
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, headers).end(body));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(Number(port), '127.0.0.1');
}

/** Resolves to the number of bytes of the answer. */
function post(agent) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: 'POST', path: '/upload', agent, headers };
    const request = http.request(options, (response) => {
      let length = 0;
      response.on('data', (part) => {
        length += part.length;
      });
      response.on('end', () => resolve(length));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function load() {
  const agent = new http.Agent({ keepAlive: true, maxSockets: Number(connections) });
  let left = Number(count);
  let answered = 0;
  const user = async () => {
    while (left-- > 0) if ((await post(agent)) === body.length) answered++;
  };
  await Promise.all(Array.from({ length: Number(connections) }, user));
  agent.destroy();
  process.stdout.write(`${JSON.stringify({ answered })}\n`);
}

if (role === 'server') serve();
else await load();
