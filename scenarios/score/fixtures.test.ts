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
];

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
