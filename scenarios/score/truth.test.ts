import { describe, expect, test } from 'vitest';
import { readTruth } from './truth.ts';

const lines = (...pairs: [string, string | null][]) =>
  pairs.map(([call, parent]) => `${JSON.stringify({ call, parent })}\n`).join('');

describe('readTruth', () => {
  test('joins the logs of several programs into trees, whatever their order', () => {
    const truth = readTruth([
      { name: 'leafward.jsonl', text: lines(['call-c', 'call-b'], ['call-b', 'call-a']) },
      { name: 'load.jsonl', text: lines(['call-a', null], ['call-z', null]) },
    ]);
    expect(truth.problems).toEqual([]);
    expect([...truth.trees.keys()].sort()).toEqual(['call-a', 'call-z']);
    expect([...(truth.trees.get('call-a') ?? [])].sort()).toEqual(['call-a', 'call-b', 'call-c']);
    expect(truth.calls.get('call-c')).toEqual({
      call: 'call-c',
      parent: 'call-b',
      root: 'call-a',
      counted: true,
    });
  });

  test('knows the calls under a warm-up root but does not count them', () => {
    const truth = readTruth([
      { name: 'warmup.jsonl', text: lines(['warm-1', null]) },
      { name: 'front.jsonl', text: lines(['warm-2', 'warm-1']) },
    ]);
    expect(truth.trees.size).toBe(0);
    expect(truth.calls.get('warm-2')?.counted).toBe(false);
    expect(truth.problems).toEqual([]);
  });

  test.each([
    ['a torn line', '{"call":"a","par', 'not a truth line'],
    ['a line without a parent', '{"call":"a"}\n', 'not a truth line'],
    ['an id used twice', lines(['a', null], ['a', null]), 'used twice'],
    ['a parent that nobody made', lines(['a', 'b']), 'nobody made'],
    ['a circle', lines(['a', 'b'], ['b', 'a']), 'own ancestor'],
  ])('reports %s', (_, text, problem) => {
    expect(readTruth([{ name: 'x.jsonl', text }]).problems.join('\n')).toContain(problem);
  });
});
