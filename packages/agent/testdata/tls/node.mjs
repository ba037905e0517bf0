// As server.py and client.py: `server plain`, `server CERT KEY [VERSION]` prints its port; `client SCHEME PORT ROUNDS [PARALLEL]`.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [what, ...args] = process.argv.slice(2);

function answer(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const sent = Buffer.concat(chunks);
    const body = sent.length > 0 ? sent : Buffer.alloc(Number(request.url.split('/').pop()), 'x');
    response.writeHead(request.url.includes('missing') ? 404 : 200, { 'content-length': body.length });
    response.end(body);
  });
}

async function ask(scheme, port, rounds) {
  const module = scheme === 'https' ? https : http;
  const agent = new module.Agent({ keepAlive: true, maxSockets: 1 });
  const once = (method, path, body) =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, method, path, agent, rejectUnauthorized: false };
      const headers = body === null ? {} : { 'content-length': body.length };
      const request = module.request({ ...options, headers }, (response) => {
        response.resume();
        response.on('end', resolve);
      });
      request.on('error', reject);
      request.end(body);
    });
  for (let number = 0; number < rounds; number++) {
    await once('GET', `/small/${number}`, null);
    await once('GET', '/large/100000', null);
    await once('POST', `/upload/${number}`, Buffer.alloc(50_000, 'y'));
    await once('GET', '/missing/10', null);
  }
  agent.destroy();
}

if (what === 'client') {
  const parallel = Array.from({ length: Number(args[3] ?? 1) });
  await Promise.all(parallel.map(() => ask(args[0], Number(args[1]), Number(args[2]))));
} else {
  const server =
    args[0] === 'plain'
      ? http.createServer(answer)
      : https.createServer(
          {
            cert: readFileSync(args[0]),
            key: readFileSync(args[1]),
            maxVersion: (args[2] ?? 'TLSv1_3').replace('_', '.'),
          },
          answer,
        );
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
}
