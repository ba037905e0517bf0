import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SpanJson } from '@weft/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tested } from '../../scripts/lib/tested.mjs';
import {
  accepts,
  buildJava,
  createCgroup,
  createProgramGroup,
  findJdk,
  findMaven,
  freePorts,
  JAVA_RELEASE,
  type ProgramGroup,
  removeCgroup,
  repoRoot,
} from '../programs/index.ts';
import { fetchSpans, waitSettled } from '../score/api.ts';
import { type RunningWeft, startUp } from './weft.ts';

const ROUNDS = 10;
const SERIALIZATIONS = ['hessian2', 'fastjson2'];
/** Three JVMs start on a machine that may be busy. */
const START_MS = 120_000;
const JVM = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true'];

const jdk = findJdk(JAVA_RELEASE);
const isHere = jdk !== null && findMaven() !== null;

describe.skipIf(!isHere || process.geteuid?.() !== 0)('Dubbo, providers and a consumer', () => {
  let cgroup = '';
  let group: ProgramGroup;
  let weft: RunningWeft;
  let spans: readonly SpanJson[] = [];

  beforeAll(async () => {
    const classPath = (await buildJava(join(repoRoot(), 'scenarios/run/dubbo'), 'dubbo-shop'))!;
    cgroup = createCgroup(`weft-dubbo-${process.pid}`);
    group = createProgramGroup(cgroup);
    weft = await startUp(cgroup, ['--mask', 'on']);
    const [stock, cart] = (await freePorts(2)) as [number, number];
    const shop = (...args: readonly string[]) =>
      group.start({
        name: `shop ${args[0]}`,
        command: jdk!.java,
        args: [...JVM, '-Dquiet=3000', '-cp', classPath, 'Shop', ...args],
      });
    const listens = async (port: number) => {
      for (const end = Date.now() + START_MS; !(await accepts(port)); await sleep(100)) {
        if (Date.now() > end) throw new Error(`nobody listens on port ${port}`);
      }
    };
    await shop('stock', String(stock), 'hessian2');
    await listens(stock);
    await shop('cart', String(cart), 'hessian2', `dubbo://127.0.0.1:${stock}/Shop$Stock`);
    await listens(cart);
    const begin = BigInt(Date.now()) * 1_000_000n;
    for (const kind of SERIALIZATIONS) {
      // Heartbeats after a second of quiet.
      const how = `serialization=${kind}&prefer.serialization=${kind}&heartbeat=1000`;
      const load = await shop('load', `dubbo://127.0.0.1:${cart}/Shop$Cart?${how}`, String(ROUNDS));
      expect(await load.exited, load.stderr()).toBe(0);
      expect(load.stdout()).toContain('sold out');
    }
    const end = BigInt(Date.now()) * 1_000_000n;
    await waitSettled(weft.url, end);
    spans = (await fetchSpans(weft.url, begin, end)).filter(
      (span) => span.attributes['network.protocol.name'] === 'dubbo',
    );
  }, 600_000);

  afterAll(async () => {
    await weft?.stop();
    await group?.stop();
    if (cgroup !== '') await removeCgroup(cgroup);
  });

  const at = (point: string, name: string, kind?: string) =>
    spans.filter(
      (span) =>
        span.observationPoint === point &&
        span.name === name &&
        (kind === undefined || span.attributes['weft.dubbo.serialization'] === kind),
    );
  const POINTS = ['client-process', 'server-process'];

  test('each request is seen at both ends, and its two spans meet', () => {
    const calls = new Set<string | null>(
      spans.filter(({ kind }) => kind === 'client').map(({ spanId }) => spanId),
    );
    const served = spans.filter(({ kind }) => kind === 'server');
    expect(served.length).toBeGreaterThanOrEqual(SERIALIZATIONS.length * (2 * ROUNDS + 4));
    expect(served.length).toBe(calls.size);
    expect(served.filter(({ parentSpanId }) => !calls.has(parentSpanId))).toEqual([]);
    const project = readFileSync(new URL('dubbo/pom.xml', import.meta.url), 'utf8');
    tested('dubbo', 'Dubbo', /<artifactId>dubbo<\/artifactId>\s*<version>([^<]+)/.exec(project)?.[1] ?? '');
  });

  test.each(SERIALIZATIONS)('calls in %s', (kind) => {
    for (const point of POINTS) {
      const found = at(point, 'Shop$Cart/add', kind);
      expect(found).toHaveLength(ROUNDS);
      for (const { status, attributes } of found) {
        expect(status).toBe('ok');
        expect(attributes).toMatchObject({
          'rpc.system': 'apache_dubbo',
          'rpc.service': 'Shop$Cart',
          'rpc.method': 'add',
          'rpc.response.status_code': 'OK',
          'weft.dubbo.parameter_types': 'Ljava/lang/String;LShop$Item;Ljava/util/List;',
        });
      }
      // What the consumer has put into its attachments.
      expect(new Set(found.map(({ traceId }) => traceId)).size).toBe(ROUNDS);
      for (const { traceId } of found) expect(traceId).toMatch(/^0{26}abc00[0-9a]$/);
      expect(at(point, 'Shop$Cart/picture', kind)).toMatchObject([{ status: 'ok' }]);
    }
  });

  test.each(SERIALIZATIONS)('an exception in %s is an error', (kind) => {
    for (const point of POINTS) {
      expect(at(point, 'Shop$Cart/remove', kind)).toMatchObject([
        { status: 'error', attributes: { 'error.type': 'Shop$SoldOut', 'rpc.response.status_code': 'OK' } },
      ]);
    }
  });

  test('what the consumer does not wait for is answered late', () => {
    for (const point of POINTS) expect(at(point, 'Shop$Cart/slow')).toHaveLength(SERIALIZATIONS.length);
  });

  test('a provider called another for what it was asked', () => {
    const byId = new Map<string | null, SpanJson>(spans.map((span) => [span.spanId, span]));
    const asked = at('client-process', 'Shop$Stock/count');
    expect(asked).toHaveLength(SERIALIZATIONS.length * ROUNDS);
    const right = asked.filter(({ parentSpanId }) => byId.get(parentSpanId)?.name === 'Shop$Cart/add');
    expect(right).toHaveLength(asked.length);
    expect(new Set(right.map(({ parentSpanId }) => parentSpanId)).size).toBe(asked.length);
  });

  test('heartbeats', () => {
    for (const point of POINTS) {
      const found = at(point, 'HEARTBEAT');
      expect(found.length).toBeGreaterThanOrEqual(1);
      expect(new Set(found.map(({ status }) => status))).toEqual(new Set(['ok']));
    }
  });
});
