import { describe, expect, test } from 'vitest';
import { InferenceStage } from './stage.ts';
import { runStage } from './testing/run-stage.ts';
import { QUIET, type RequestPlan, randomPlan, synthesize } from './testing/synthetic.ts';

const call = (kind: string, medianUs: number, probability = 1, repeats = 1) => ({
  kind,
  medianUs,
  probability,
  repeats,
});

const SEQUENTIAL: RequestPlan = {
  type: 'sequential',
  pauseUs: 200,
  groups: [[call('a', 2_000)], [call('b', 3_000)], [call('c', 1_500)]],
};
const PARALLEL: RequestPlan = {
  type: 'parallel',
  pauseUs: 200,
  groups: [[call('a', 2_000), call('b', 3_000), call('c', 1_500)], [call('d', 1_000)]],
};
const OPTIONAL: RequestPlan = {
  type: 'optional',
  pauseUs: 200,
  groups: [[call('a', 2_000)], [call('b', 3_000, 0.5)], [call('c', 1_500, 1, 3)]],
};

// They take a second alone; this much when others want the processor too.
const LIMIT_MS = 120_000;

describe('made-up loads with known truth', { timeout: LIMIT_MS }, () => {
  test.each([
    ['calls one after the other', { plans: [SEQUENTIAL], requestsPerSecond: 200 }, 0.985],
    ['calls at once', { plans: [PARALLEL], requestsPerSecond: 200 }, 0.985],
    ['optional and repeated calls', { plans: [OPTIONAL], requestsPerSecond: 100 }, 0.98],
    ['three types of request', { plans: [SEQUENTIAL, PARALLEL, OPTIONAL], requestsPerSecond: 200 }, 0.98],
    ['calls that were not seen', { plans: [SEQUENTIAL], requestsPerSecond: 100, missing: 0.05 }, 0.98],
    ["the program's own calls", { plans: [SEQUENTIAL], requestsPerSecond: 100, orphansPerSecond: 30 }, 0.98],
    ['a plan made up at random', { plans: [randomPlan(1, 'x'), randomPlan(51, 'y')] }, 0.97],
  ])('%s', (_name, options, least) => {
    const load = synthesize({ ...QUIET, seed: 11, requests: 400, ...options });
    const { links, right, inferences, calibrationError } = runStage(load);
    expect(inferences.length).toBe(links);
    expect(right / links).toBeGreaterThan(least);
    expect(calibrationError).toBeLessThan(0.03);
  });

  test('no moment with one request alone', () => {
    const load = synthesize({
      ...QUIET,
      seed: 5,
      requests: 300,
      plans: [SEQUENTIAL],
      requestsPerSecond: 700,
    });
    const { links, right } = runStage(load);
    expect(right / links).toBeGreaterThan(0.9);
  });

  test('a queue for few workers: thread ids find what times do not', () => {
    const options = {
      ...QUIET,
      seed: 7,
      requests: 300,
      plans: [SEQUENTIAL],
      requestsPerSecond: 300,
      workers: 3,
    };
    const without = runStage(synthesize({ ...options, threads: false }));
    const withThreads = runStage(synthesize({ ...options, threads: true }));
    expect(withThreads.right).toBeGreaterThan(without.right);
  });

  test('the same input gives the same output', () => {
    const load = synthesize({ ...QUIET, seed: 3, requests: 200, plans: [OPTIONAL], requestsPerSecond: 300 });
    expect(runStage(load)).toEqual(runStage(load));
  });
});

/** Two requests at once that nothing tells apart, and one call. */
function twins(stage: InferenceStage<string, string>, odds?: ReadonlyMap<string, number>, parent?: string) {
  const place = { process: 'p', group: 'g', startUs: 1_000, thread: null };
  stage.request({ ...place, key: 'left', type: 't' });
  stage.request({ ...place, key: 'right', type: 't' });
  stage.call({
    ...place,
    startUs: 1_100,
    key: 'call',
    kind: 'k',
    ...(odds === undefined ? {} : { odds }),
    ...(parent === undefined ? {} : { parent }),
  });
  stage.answered('p', 'call', 1_200);
  stage.response('p', 'left', 1_300, null);
  stage.response('p', 'right', 1_300, null);
}

describe('the stage', { timeout: LIMIT_MS }, () => {
  test('says how unsure it is and names the other one', () => {
    const stage = new InferenceStage<string, string>();
    twins(stage);
    const [inference] = stage.flush();
    expect(inference?.confidence).toBeGreaterThan(0.4);
    expect(inference?.confidence).toBeLessThan(0.6);
    expect([inference?.parent, inference?.alternatives[0]?.parent].sort()).toEqual(['left', 'right']);
  });

  test('weighs what other evidence says', () => {
    const stage = new InferenceStage<string, string>();
    twins(stage, new Map([['right', 6]]));
    const [inference] = stage.flush();
    expect(inference?.parent).toBe('right');
    expect(inference?.confidence).toBeGreaterThan(0.98);
  });

  test('says nothing of a call whose parent is known', () => {
    const stage = new InferenceStage<string, string>();
    twins(stage, undefined, 'left');
    expect(stage.flush()).toEqual([]);
  });

  test('a call while nothing is served is nobody’s', () => {
    const stage = new InferenceStage<string, string>();
    stage.call({ key: 'c', process: 'p', group: 'g', kind: 'k', startUs: 5, thread: null });
    stage.answered('p', 'c', 9);
    expect(stage.flush()).toEqual([{ call: 'c', parent: null, confidence: 1, alternatives: [] }]);
  });

  test('decides within its delay under a load that never pauses, and forgets', () => {
    const settings = { maxDelayUs: 100_000, warmupCalls: 50, maxPending: 100_000 };
    const stage = new InferenceStage<number, number>(settings);
    const place = { process: 'p', group: 'g', thread: null };
    stage.request({ ...place, key: -1, type: 'stream', startUs: 0 });
    let told = 0;
    let late = 0;
    for (let i = 0; i < 2_000; i++) {
      const startUs = i * 1_000;
      stage.request({ ...place, key: i, type: 't', startUs });
      stage.call({ ...place, key: i, kind: 'k', startUs: startUs + 100 });
      stage.answered('p', i, startUs + 300);
      stage.response('p', i, startUs + 400, null);
      for (const { call: key } of stage.advance(startUs + 500)) {
        told++;
        if (i - key > 150 && key > 50) late++;
      }
    }
    expect(told).toBeGreaterThan(1_800);
    expect(late).toBe(0);
    expect(told + stage.flush().length).toBe(2_000);
  });

  test('stays small where all parents are known and it never rests', () => {
    const stage = new InferenceStage<number, number>({ warmupCalls: 50, maxPending: 200 });
    const place = { process: 'p', group: 'g', thread: null };
    stage.request({ ...place, key: -1, type: 'stream', startUs: 0 });
    let largest = 0;
    for (let i = 0; i < 5_000; i++) {
      const startUs = i * 1_000;
      stage.request({ ...place, key: i, type: 't', startUs });
      stage.call({ ...place, key: i, kind: 'k', startUs: startUs + 100, parent: i });
      stage.answered('p', i, startUs + 300);
      stage.response('p', i, startUs + 400, null);
      expect(stage.advance(startUs + 500)).toEqual([]);
      largest = Math.max(largest, stage.size());
    }
    expect(largest).toBeLessThan(500);
  });

  test('takes what makes no sense without harm', () => {
    const stage = new InferenceStage<string, string>();
    const place = { process: 'p', group: 'g', startUs: 10, thread: 1 };
    stage.response('p', 'unknown', 5, null);
    stage.answered('q', 'unknown', 5);
    stage.request({ ...place, key: 'twice', type: 't' });
    stage.request({ ...place, key: 'twice', type: 't' });
    stage.response('p', 'twice', 1, null);
    stage.response('p', 'twice', 2, null);
    stage.call({ ...place, key: 'never answered', kind: 'k', startUs: 8 });
    stage.call({ ...place, key: 'parent unknown', kind: 'k', parent: 'nobody' });
    expect(stage.flush().map(({ call: key }) => key)).toEqual(['never answered']);
  });
});
