import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { SpanRecord } from '@weft/model';
import { afterEach, describe, expect, it } from 'vitest';
import { Arena, canTrace, hasCommand } from '../capture/testing/live.ts';
import {
  type Command,
  goProgram,
  javaProgram,
  nodeProgram,
  pythonProgram,
} from '../testing/foreign-programs.ts';
import { Traced } from '../tls/testing/traced.ts';

const BUILDING = 300_000;

let traced: Traced | undefined;
afterEach(() => traced?.close());

interface Run {
  readonly server: Command;
  readonly serve: readonly string[];
  readonly client: Command;
  /** Arguments of the client around the server's port. */
  call(port: string): readonly string[];
}

/** The spans of a client that talks to a server, both traced, once there are `count` that `counts`. */
async function spansOf(run: Run, count: number, counts: (span: SpanRecord) => boolean) {
  const arena = new Arena();
  traced = new Traced(arena, 'sock', false);
  const [server, ...serverArgs] = run.server;
  const child = arena.start(server, [...serverArgs, ...run.serve]);
  const lines = createInterface({ input: child.stdout! });
  const [port] = (await traced.during(once(lines, 'line'))) as [string];
  const [client, ...clientArgs] = run.client;
  const ask = () => traced!.during(arena.run(client, [...clientArgs, ...run.call(port)]));
  // What large calls carry at a connection's begin is wanted whole only once it is known what the port speaks.
  await ask();
  await traced.until(() => traced!.spans.some(counts), 'a first span');
  const from = traced.now;
  await ask();
  const found = () => traced!.spans.filter((span) => span.start >= from && counts(span));
  await traced
    .until(() => found().length >= count, `${count} spans`)
    .catch((error: Error) => {
      throw new Error(
        `${error.message}; ${found()
          .map(({ kind, name }) => `${kind} ${name}`)
          .join(', ')}`,
      );
    });
  return found();
}

function essence({ name, status, attributes }: SpanRecord) {
  return [
    name,
    status,
    attributes['rpc.grpc.status_code'] ?? '-',
    attributes['weft.rpc.request.messages'] ?? '-',
    attributes['weft.rpc.response.messages'] ?? '-',
  ].join(' ');
}

/** Both ends are there and say the same, and each server span names its client span. */
function expectBothEnds(
  spans: readonly SpanRecord[],
  expected: { client: string[]; server: string[] },
): void {
  const of = (kind: string) => spans.filter((span) => span.kind === kind);
  expect(of('client').map(essence).toSorted()).toEqual(expected.client.toSorted());
  expect(of('server').map(essence).toSorted()).toEqual(expected.server.toSorted());
  const parents = of('server').map(({ parentSpanId }) => parentSpanId);
  expect(parents.toSorted()).toEqual(
    of('client')
      .map(({ spanId }) => spanId)
      .toSorted(),
  );
}

const isCall = ({ attributes }: SpanRecord) => attributes['rpc.system'] === 'grpc';
const call = (name: string, rest: string) => `weft.test.Calls/${name} ${rest}`;
const [UNARY, EXPAND] = [call('Unary', 'ok 0 1 1'), call('Expand', 'ok 0 1 4')];
/** NOT_FOUND is the caller's error. */
const failed = (messages: string) => ({
  client: call('Fail', `error 5 ${messages}`),
  server: call('Fail', `ok 5 ${messages}`),
});

describe.skipIf(!canTrace())(
  'gRPC: unary, both ways of streaming, both at once, a failure (needs root)',
  () => {
    const languages: [string, string, () => Promise<Command>][] = [
      ['Go', 'go', () => goProgram('rpc/go')],
      ['Python', 'python3', () => pythonProgram('rpc/python', 'calls.py')],
      ['Node', 'node', () => nodeProgram('rpc/node', 'calls.mjs')],
      ['Java', 'mvn', () => javaProgram('rpc/java', 'Calls')],
    ];
    const streams = [call('Collect', 'ok 0 3 1'), EXPAND, call('Chat', 'ok 0 3 3')];
    const failure = failed('1 0');
    const expected = {
      client: [UNARY, UNARY, failure.client, ...streams],
      server: [UNARY, UNARY, failure.server, ...streams],
    };

    it.each(languages)('%s', { timeout: BUILDING }, async (_, tool, build) => {
      expect(hasCommand(tool, tool === 'go' ? 'version' : '--version')).toBe(true);
      const program = await build();
      const run = {
        server: program,
        client: program,
        serve: ['serve'],
        call: (port: string) => ['call', port],
      };
      const spans = await spansOf(run, 12, isCall);
      expectBothEnds(spans, expected);
      for (const { attributes } of spans) {
        expect(attributes).toMatchObject({
          'rpc.service': 'weft.test.Calls',
          'network.protocol.name': 'http',
          'network.protocol.version': '2',
        });
      }
    });

    it('between languages: Java asks Python', { timeout: BUILDING }, async () => {
      const server = await pythonProgram('rpc/python', 'calls.py');
      const client = await javaProgram('rpc/java', 'Calls');
      const spans = await spansOf(
        { server, client, serve: ['serve'], call: (port) => ['call', port] },
        12,
        isCall,
      );
      expectBothEnds(spans, expected);
    });
  },
);

describe.skipIf(!canTrace())('gRPC-Web (needs root)', () => {
  it.each([
    ['HTTP/1.1', 'h1', '1.1'],
    ['HTTP/2', 'h2c', '2'],
  ])('over %s by connect-go', { timeout: BUILDING }, async (_, how, version) => {
    const program = await goProgram('rpc/go');
    const run = {
      server: program,
      client: program,
      serve: ['web-serve'],
      call: (port: string) => ['web-call', port, how],
    };
    const spans = await spansOf(run, 8, isCall);
    const failure = failed('1 0');
    expectBothEnds(spans, {
      client: [UNARY, UNARY, failure.client, EXPAND],
      server: [UNARY, UNARY, failure.server, EXPAND],
    });
    for (const { attributes } of spans) expect(attributes['network.protocol.version']).toBe(version);
  });
});

describe.skipIf(!canTrace())('GraphQL by graphql-http (needs root)', () => {
  it.each(['http', 'http2'])('over %s', { timeout: BUILDING }, async (version) => {
    const program = await nodeProgram('rpc/node', 'graphql.mjs');
    const run = {
      server: program,
      client: program,
      serve: ['serve', version],
      call: (port: string) => ['ask', version, port],
    };
    const isRequest = ({ attributes }: SpanRecord) => attributes['url.path'] === '/graphql';
    const spans = await spansOf(run, 10, isRequest);
    const described = (kind: string) =>
      spans
        .filter((span) => span.kind === kind)
        .map(({ name, attributes }) =>
          [name, attributes['graphql.operation.type'], attributes['graphql.operation.name'] ?? '-'].join(' '),
        );
    const expected = [
      'query Cart query Cart',
      'mutation Add mutation Add',
      'query B query B',
      'query query -',
      'query Got query Got',
    ];
    expect(described('client')).toEqual(expected);
    expect(described('server')).toEqual(expected);
    for (const { attributes } of spans) {
      expect(attributes['graphql.document']).toMatch(/cart\(|add\(/);
      expect(attributes['http.response.status_code']).toBe(200);
    }
  });
});
