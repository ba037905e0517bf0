import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { CliError } from '../errors.ts';
import { run } from '../run.ts';
import { InferenceScorer } from './inference-score.ts';
import { parseSpanLine } from './span-line.ts';

const EXCERPT = fileURLToPath(new URL('../../fixtures/hotel-100-excerpt.jsonl.gz', import.meta.url));
/** The whole sets, where they are at hand. */
const SETS = '../shared/data/inference';
/** A run takes a second alone; this much when others want the processor too. */
const LIMIT_MS = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'weft-infer-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function infer(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const code = await run({
    argv: ['infer', ...argv],
    environment: {},
    out: async (text) => {
      stdout += text;
    },
    log: (line) => {
      stderr += line;
    },
  });
  return { code, stdout, stderr };
}

async function score(file: string) {
  const { stdout } = await infer(file, '--score', '--json');
  return JSON.parse(stdout);
}

describe('weft infer', { timeout: LIMIT_MS }, () => {
  test('concludes something about each client span, whether the truth is in the file or not', async () => {
    const lines = gunzipSync(readFileSync(EXCERPT)).toString().trimEnd().split('\n');
    const clients = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'client');
    const { stdout } = await infer(EXCERPT);
    const inferred = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(inferred.map(({ spanId }) => spanId).sort()).toEqual(clients.map(({ spanId }) => spanId).sort());
    for (const line of inferred) {
      expect(Object.keys(line)).toEqual(['spanId', 'parent', 'confidence', 'alternatives']);
      const all = line.alternatives.reduce(
        (sum: number, { confidence }: { confidence: number }) => sum + confidence,
        line.confidence,
      );
      expect(all).toBeLessThan(1.001);
    }
    const blind = join(folder, 'blind.jsonl');
    const withoutTruth = lines.map((line) =>
      JSON.stringify({ ...JSON.parse(line), truthParent: null, truthTrace: null }),
    );
    writeFileSync(blind, `${withoutTruth.join('\n')}\n`);
    expect((await infer(blind)).stdout).toBe(stdout);
  });

  test('is right on an excerpt of a real load', async () => {
    const { links, linksRight, traces, tracesRight, calibrationError } = await score(EXCERPT);
    expect([links, traces]).toEqual([1000, 200]);
    expect(linksRight / links).toBeGreaterThan(0.985);
    expect(tracesRight / traces).toBeGreaterThan(0.95);
    expect(calibrationError).toBeLessThan(0.03);
  });

  test.skipIf(!existsSync(SETS)).each([
    ['hotel-50', 0.985],
    ['hotel-100', 0.975],
    ['hotel-150', 0.98],
  ])('does not get worse on %s', async (name, least) => {
    const { traces, tracesRight, calibrationError } = await score(`${SETS}/${name}.jsonl.gz`);
    expect(tracesRight / traces).toBeGreaterThanOrEqual(least);
    expect(calibrationError).toBeLessThan(0.03);
  });

  test('refuses what is no span, and goes on', async () => {
    const file = join(folder, 'mixed.jsonl');
    const place = { process: 'p', service: 's', endpoint: 'e' };
    const server = { ...place, spanId: 'r', kind: 'server', startUs: 10, durationUs: 90, peer: null };
    const client = { ...place, spanId: 'c', kind: 'client', startUs: 20, durationUs: 30, peer: 'q' };
    writeFileSync(file, [JSON.stringify(server), '{"kind":', '[]', JSON.stringify(client)].join('\n'));
    const { stdout, stderr } = await infer(file);
    expect(JSON.parse(stdout)).toEqual({ spanId: 'c', parent: 'r', confidence: 1, alternatives: [] });
    expect(stderr).toMatch(/^2 lines refused/);
  });

  test('a file that is not there, or is no gzip', async () => {
    await expect(infer('/nonexistent.jsonl')).rejects.toThrow('There is no file /nonexistent.jsonl');
    const file = join(folder, 'broken.jsonl.gz');
    writeFileSync(file, 'no gzip');
    await expect(infer(file)).rejects.toThrow(CliError);
  });
});

test('any line at all is a span or refused', () => {
  const line = fc.oneof(fc.string(), fc.json());
  fc.assert(
    fc.property(line, (text) => {
      const parsed = parseSpanLine(text);
      expect(parsed === null || Number.isFinite(parsed.span.endUs)).toBe(true);
    }),
  );
});

test('the score: a trace is right when all its links are, and confidence is held against what is right', () => {
  const scorer = new InferenceScorer();
  const conclude = (call: string, parent: string, confidence: number) =>
    scorer.conclude({ call, parent, confidence, alternatives: [] });
  for (const call of ['a1', 'a2', 'b1', 'c1']) scorer.expect(call, { parent: 'p', trace: call[0]! });
  conclude('a1', 'p', 0.95);
  conclude('a2', 'wrong', 0.55);
  conclude('b1', 'p', 0.95);
  const { calibrationError, ...counts } = scorer.score();
  expect(counts).toEqual({ links: 4, linksRight: 2, traces: 3, tracesRight: 1 });
  expect(calibrationError).toBeCloseTo((0.1 + 0.55) / 3, 6);
});
