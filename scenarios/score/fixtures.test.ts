import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Replayed, replayBytes } from '@weft/agent';
import type { EvidenceKind, SpanJson } from '@weft/model';
import { assembleAll } from '@weft/server';
import { describe, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { scoreSpans } from './score.ts';
import { readTruth, type Truth } from './truth.ts';

/** Recordings of real runs (packages/agent/fixtures/README.md). */
const FOLDER = new URL('../../packages/agent/fixtures/scenarios/', import.meta.url);

const bytesOf = (file: string) => new Uint8Array(gunzipSync(readFileSync(new URL(file, FOLDER))));

/** The truth logs lie in one file; each line says from which it is. */
function truthOf(name: string): Truth {
  const logs = new Map<string, string[]>();
  for (const line of new TextDecoder().decode(bytesOf(`${name}.truth.jsonl.gz`)).split('\n')) {
    if (line === '') continue;
    const { log } = JSON.parse(line) as { log: string };
    const lines = logs.get(log);
    if (lines === undefined) logs.set(log, [line]);
    else lines.push(line);
  }
  return readTruth([...logs].map(([log, lines]) => ({ name: log, text: lines.join('\n') })));
}

function assembled({ records, epoch }: Replayed): SpanJson[] {
  return assembleAll(records, epoch).flatMap((trace) => trace.spans);
}

/** What each recording gave when it was made: it must not become less. */
const SCENARIOS: readonly {
  readonly name: string;
  readonly calls: number;
  readonly links: number;
  /** Kinds of evidence that decide in it: a change that silences one would hide behind the others. */
  readonly kinds: readonly EvidenceKind[];
}[] = [
  {
    name: 'python-threads',
    calls: 253,
    links: 446,
    kinds: ['tcp-seq', 'unit', 'socket-return', 'socket-origin'],
  },
  {
    name: 'node-event-loop',
    calls: 329,
    links: 598,
    kinds: ['tcp-seq', 'unit', 'socket-return', 'socket-origin'],
  },
  { name: 'go-goroutines', calls: 326, links: 592, kinds: ['tcp-seq', 'lineage'] },
  {
    name: 'nginx-proxy',
    calls: 348,
    links: 636,
    kinds: ['tcp-seq', 'unit', 'socket-return', 'socket-origin'],
  },
  { name: 'python-executor', calls: 235, links: 410, kinds: ['tcp-seq', 'unit', 'socket-return'] },
  {
    name: 'java-executor-idle',
    calls: 212,
    links: 364,
    kinds: ['tcp-seq', 'unit', 'socket-return', 'lineage'],
  },
];

/** Of these one replay is enough: what each gave when the recording, or causality, last changed. It must not become less. */
const FURTHER: readonly {
  readonly name: string;
  /** Links. */
  readonly right: number;
  readonly wrong: number;
  /** Wrong links that were called certain. */
  readonly certainWrong: number;
  /** Traces of 60. */
  readonly exact: number;
}[] = [
  { name: 'c-epoll', right: 376, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'envoy-proxy', right: 730, wrong: 8, exact: 46, certainWrong: 0 },
  { name: 'go-worker-pool', right: 358, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'haproxy-proxy', right: 648, wrong: 4, exact: 52, certainWrong: 0 },
  { name: 'node-cluster', right: 602, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'node-request-id', right: 588, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'node-worker-threads', right: 282, wrong: 0, exact: 7, certainWrong: 0 },
  { name: 'python-executor', right: 381, wrong: 0, exact: 3, certainWrong: 0 },
  { name: 'python-fork', right: 448, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'python-gevent', right: 366, wrong: 35, exact: 26, certainWrong: 0 },
  { name: 'python-gunicorn', right: 392, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'python-request-id', right: 452, wrong: 0, exact: 60, certainWrong: 0 },
  { name: 'ruby-puma', right: 404, wrong: 0, exact: 52, certainWrong: 0 },
  { name: 'rust-tokio', right: 398, wrong: 21, exact: 27, certainWrong: 0 },
];

test.each(FURTHER)('$name is followed as far as before', ({ name, ...before }) => {
  const replayed = replayBytes(bytesOf(`${name}.weft.gz`), { mask: false });
  const { score } = scoreSpans(truthOf(name), assembled(replayed));
  expect(score.truthProblems).toEqual([]);
  expect(score.certain.wrong).toBeLessThanOrEqual(before.certainWrong);
  expect(score.links.wrong).toBeLessThanOrEqual(before.wrong);
  expect(score.links.right).toBeGreaterThanOrEqual(before.right);
  expect(score.traces.exact).toBeGreaterThanOrEqual(before.exact);
  expect(score.traces.total).toBe(60);
  expect(replayed.losses).toEqual({});
});

describe.each(SCENARIOS)('$name', ({ name, calls, links, kinds }) => {
  const recording = bytesOf(`${name}.weft.gz`);
  const truth = truthOf(name);

  test('every link and every trace is right', () => {
    const replayed = replayBytes(recording, { mask: false });
    const scored = scoreSpans(truth, assembled(replayed));
    const { score } = scored;
    expect(explain(truth, scored, 3)).toEqual([]);
    expect(score.truthProblems).toEqual([]);
    expect(score.calls).toBe(calls);
    expect(score.links).toEqual({ right: links, wrong: 0, missing: 0 });
    expect(score.certain.wrong).toBe(0);
    expect(score.traces).toMatchObject({ total: 60, exact: 60 });
    expect(score.repeatedRows).toBe(0);
    expect(Object.keys(score.evidence)).toEqual(expect.arrayContaining([...kinds]));
    expect(replayed.losses).toEqual({});
  });

  test('replayed again: the same spans, byte for byte', () => {
    const replay = () => JSON.stringify(assembled(replayBytes(recording, { mask: true })));
    const first = replay();
    expect(first.length).toBeGreaterThan(100_000);
    expect(replay()).toBe(first);
  });

  test('masked, the links are the same', () => {
    const parents = (mask: boolean) =>
      assembled(replayBytes(recording, { mask })).map((span) => `${span.spanId} ${span.parentSpanId}`);
    expect(parents(true)).toEqual(parents(false));
  });

  test('without evidence inside processes nothing is wrong, only missing', () => {
    const without = [
      'trace-context',
      'unit',
      'socket-return',
      'lineage',
      'wakeup',
      'socket-origin',
      'inferred',
    ] as const;
    const { score } = scoreSpans(truth, assembled(replayBytes(recording, { mask: false, without })));
    expect(score.bySide.client).toMatchObject({ right: 0, wrong: 0 });
    expect(score.bySide.server).toEqual({ right: calls, wrong: 0, missing: 0 });
  });

  test('a recorder that was killed leaves what is whole before', () => {
    const half = replayBytes(recording.subarray(0, recording.length >> 1), { mask: false });
    const { score } = scoreSpans(truth, assembled(half));
    expect(score.spans).toBeGreaterThan(100);
    expect(score.links.wrong).toBe(0);
  });
});

describe('pools of workers', () => {
  const scoreOf = (name: string, without: EvidenceKind) => {
    const replayed = replayBytes(bytesOf(`${name}.weft.gz`), { mask: false, without: [without] });
    return scoreSpans(truthOf(name), assembled(replayed)).score;
  };

  test('where others give the answer, links are missing without wakes, and none is wrong', () => {
    const { links } = scoreOf('python-executor', 'wakeup');
    expect(links.missing).toBeGreaterThan(50);
    expect(links.wrong).toBe(0);
  });

  test('without a sign of who gives the answer, wakes find nearly all', () => {
    const { links, evidence } = scoreOf('java-executor-idle', 'unit');
    expect(evidence.wakeup?.right).toBeGreaterThan(10);
    expect(links.wrong + links.missing).toBeLessThan(5);
  });
});

describe('python-asyncio', () => {
  const recording = bytesOf('python-asyncio.weft.gz');

  test('an event loop that acts rounds later: most links are right though nothing certain tells them', () => {
    const truth = truthOf('python-asyncio');
    const { score } = scoreSpans(truth, assembled(replayBytes(recording, { mask: false })));
    expect(score.bySide.server).toEqual({ right: 1587, wrong: 0, missing: 0 });
    // Without inference 36 are. The first requests teach the rest.
    expect(score.bySide.client.right).toBeGreaterThan(1_000);
    expect(score.certain.wrong).toBe(0);
    expect(score.evidence.inferred?.right).toBeGreaterThan(900);
  });

  test('replayed again: the same spans, byte for byte', () => {
    const replay = () => JSON.stringify(assembled(replayBytes(recording, { mask: true })));
    expect(replay()).toBe(replay());
  });

  test('with inference switched off its links are missing, not guessed', () => {
    const without = ['inferred'] as const;
    const { score } = scoreSpans(
      truthOf('python-asyncio'),
      assembled(replayBytes(recording, { mask: false, without })),
    );
    expect(score.evidence.inferred).toBeUndefined();
    expect(score.bySide.client.wrong).toBeLessThan(10);
  });
});
