// What the services of this scenario share: the truth log, the call id, the shape of a server.
import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import http from 'node:http';

const truthPath = process.env.TRUTH_LOG;
let lines = [];

/** Writes what has been noted so far; done every 100 lines and at the end of the main thread. */
export function writeTruth() {
  if (lines.length > 0) appendFileSync(truthPath, lines.join(''));
  lines = [];
}

/** A fresh call id; notes that it is made while serving `parent`. */
export function newCall(parent) {
  const call = randomBytes(16).toString('hex');
  lines.push(`${JSON.stringify({ call, parent })}\n`);
  if (lines.length >= 100) writeTruth();
  return call;
}

const agent = new http.Agent({ keepAlive: true });

/** GET through `http.Agent` with kept connections; resolves to the status. */
export function get(port, path, parent) {
  const call = newCall(parent);
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path: `${path}/${call}`, agent }, (response) => {
      response.on('data', () => {});
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

/** Milliseconds of a log-normal wait. */
export function longTailed(medianMs, limitMs, sigma = 0.8) {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return Math.min(Math.exp(normal * sigma) * medianMs, limitMs);
}

/** Serves `work(call id, path) → [status, body]` on $PORT until SIGTERM. */
export function serve(work) {
  const server = http.createServer(async (request, response) => {
    const slash = request.url.lastIndexOf('/');
    let status = 500;
    let body = {};
    try {
      [status, body] = await work(request.url.slice(slash + 1), request.url.slice(0, slash));
    } catch (error) {
      body = { error: error.message };
    }
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  });
  // Longer than any pause of the load: a connection that closes as a request arrives would blur the truth.
  server.keepAliveTimeout = 120_000;
  server.listen(Number(process.env.PORT), '127.0.0.1', 1024);
  process.on('SIGTERM', () => {
    writeTruth();
    process.exit(0);
  });
}
