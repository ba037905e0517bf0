// Load generator: HTTP/1.1 over kept connections, each request with a fresh call id as its last path segment.
//   node load.mjs --port P --truth FILE [--paths JSON] [--concurrency C | --rate R] [--requests N] [--seconds T] [--request-ids]
// Closed loop: C requests are under way at any time. Open loop: Poisson arrivals, R a second, whatever the answers do.
// Ends after N requests or T seconds, whichever is later. Prints one JSON object.
import { randomBytes, randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    truth: { type: 'string' },
    paths: { type: 'string', default: '[{"prefix":"/work/","weight":1}]' },
    concurrency: { type: 'string', default: '1' },
    rate: { type: 'string' },
    requests: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '0' },
    connections: { type: 'string', default: '512' },
    'request-ids': { type: 'boolean', default: false },
  },
});
const port = Number(values.port);
const paths = JSON.parse(values.paths);
const concurrency = Number(values.concurrency);
const rate = values.rate === undefined ? null : Number(values.rate);
const requests = Number(values.requests);
const started = process.hrtime.bigint();
const deadline = started + BigInt(Math.round(Number(values.seconds) * 1e9));

// In open loop more requests than connections wait here, not in the kernel of an overloaded server.
const maxSockets = rate === null ? concurrency : Number(values.connections);
const agent = new http.Agent({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets });

const totalWeight = paths.reduce((sum, path) => sum + path.weight, 0);
function pickPrefix() {
  let at = Math.random() * totalWeight;
  for (const path of paths) {
    at -= path.weight;
    if (at < 0) return path.prefix;
  }
  return paths[0].prefix;
}

let truth = [];
function writeTruth() {
  if (values.truth !== undefined && truth.length > 0) appendFileSync(values.truth, truth.join(''));
  truth = [];
}

let sent = 0;
let errors = 0;
let stopped = false;
const statuses = {};
const latencies = [];

function one() {
  const call = randomBytes(16).toString('hex');
  truth.push(`{"call":"${call}","parent":null}\n`);
  if (truth.length >= 100) writeTruth();
  sent++;
  const begin = process.hrtime.bigint();
  return new Promise((resolve) => {
    const fail = () => {
      errors++;
      resolve();
    };
    const headers = values['request-ids'] ? { 'x-request-id': randomUUID() } : {};
    const options = { host: '127.0.0.1', port, path: pickPrefix() + call, agent, headers };
    const request = http.get(options, (response) => {
      response.on('data', () => {});
      response.on('error', fail);
      response.on('end', () => {
        statuses[response.statusCode] = (statuses[response.statusCode] ?? 0) + 1;
        latencies.push(Number(process.hrtime.bigint() - begin) / 1e6);
        resolve();
      });
    });
    request.on('error', fail);
  });
}

const more = () => !stopped && (sent < requests || process.hrtime.bigint() < deadline);

async function closedLoop() {
  const worker = async () => {
    while (more()) await one();
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

async function openLoop() {
  const pending = new Set();
  let next = Number(started);
  while (more()) {
    next += (-Math.log(1 - Math.random()) / rate) * 1e9;
    // Timers have a grain of a millisecond: what is due is sent at once, the schedule itself does not drift.
    const wait = (next - Number(process.hrtime.bigint())) / 1e6;
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const request = one().then(() => pending.delete(request));
    pending.add(request);
  }
  await Promise.all(pending);
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    stopped = true;
  });
}

const startUnixNano = BigInt(Date.now()) * 1_000_000n;
await (rate === null ? closedLoop() : openLoop());
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
writeTruth();
agent.destroy();

latencies.sort((a, b) => a - b);
const quantile = (q) => latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? null;
process.stdout.write(
  `${JSON.stringify({
    requests: sent,
    errors,
    statuses,
    seconds,
    requestsPerSecond: sent / seconds,
    latencyMs: { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: quantile(1) },
    startUnixNano: String(startUnixNano),
    endUnixNano: String(BigInt(Date.now()) * 1_000_000n),
  })}\n`,
);
