import type { AgentJson, HealthJson, SpanJson } from '@weft/model';
import { waitFor } from '../../testing/processes.ts';

/**
 * Asks its own server for `/n/0`, `/n/1`, … until it is told to end (SIGTERM), or has asked so often. Prints `served N` then: all below N
 * were answered. Arguments: requests a second, how many (0: no end), bytes that are added to each path.
 */
export const NUMBERED_LOAD = `
  const http = require('node:http');
  const [perSecond, most, padding = 0] = process.argv.slice(1).map(Number);
  const server = http.createServer((request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1', () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const { port } = server.address();
    let asked = 0, answered = 0, ending = false;
    const begun = performance.now();
    const end = () => {
      if (answered < asked) return;
      console.log('served ' + asked);
      process.exit(0);
    };
    const timer = setInterval(() => {
      const due = (performance.now() - begun) / 1000 * perSecond;
      for (; asked < due && asked - answered < 64; asked++) {
        if (most > 0 && asked >= most) ending = true;
        if (ending) break;
        http.get({ port, agent, path: '/n/' + asked + '/' + 'x'.repeat(padding) }, (response) => response.resume().on('end', () => {
          answered++;
          if (ending) end();
        }));
      }
      if (ending) { clearInterval(timer); end(); }
    }, 5);
    process.on('SIGTERM', () => { ending = true; });
  });
`;

/** The number that \`NUMBERED_LOAD\` printed at its end. */
export function servedOf(stdout: string): number {
  const match = /^served (\d+)$/m.exec(stdout);
  if (match === null) throw new Error(`the load did not say how much it served: ${stdout}`);
  return Number(match[1]);
}

/** `GET` of an API path, as JSON. @throws Error unless it answers 200 */
export async function get<T>(url: string, path: string): Promise<T> {
  const response = await fetch(url + path);
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

export function health(url: string): Promise<HealthJson> {
  return get<HealthJson>(url, '/api/v1/health');
}

/** What the only agent said last; waits for its first report. */
export function agentOf(url: string): Promise<AgentJson> {
  return waitFor(
    () => 'no agent has reported',
    20_000,
    async () => (await get<{ agents: readonly AgentJson[] }>(url, '/api/v1/agents')).agents.at(-1),
  );
}

/** Losses of a cause in `/metrics`. */
export async function lostInMetrics(url: string, cause: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^weft_lost_total\\{cause="${cause}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** Waits until the agent has come and everything that has ended by now is stored. */
export async function settled(url: string, limitMs = 30_000): Promise<void> {
  await agentOf(url);
  const now = BigInt(Date.now()) * 1_000_000n;
  await waitFor(
    () => 'nothing is settled',
    limitMs,
    async () => BigInt((await health(url)).settledUntilUnixNano) > now,
  );
}

/** All spans of the last hour, page by page, in the order of listings. @param filter more parameters, `&name=value` */
export async function allSpans(url: string, filter = ''): Promise<SpanJson[]> {
  const spans: SpanJson[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page: { spans: SpanJson[]; nextCursor: string | null } = await get(
      url,
      `/api/v1/spans?limit=1000${filter}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    spans.push(...page.spans);
    cursor = page.nextCursor;
  }
  return spans;
}

/** Numbers of `NUMBERED_LOAD`'s requests of which a span of that kind is there. */
export function numbersOf(spans: readonly SpanJson[], kind: 'server' | 'client'): Set<number> {
  const found = new Set<number>();
  for (const span of spans) {
    const path = span.attributes['url.path'] ?? urlPath(span.attributes['url.full']);
    if (span.kind === kind && typeof path === 'string' && path.startsWith('/n/'))
      found.add(Number(path.split('/')[2]));
  }
  return found;
}

function urlPath(full: SpanJson['attributes'][string] | undefined): string | undefined {
  return typeof full === 'string' && URL.canParse(full) ? new URL(full).pathname : undefined;
}

/** Numbers below `end` that are not in the set. */
export function missing(found: ReadonlySet<number>, end: number): number[] {
  return Array.from({ length: end }, (_, i) => i).filter((number) => !found.has(number));
}
