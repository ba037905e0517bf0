import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { tryDetection, tryEverywhere } from './detection-trial.ts';
import { detectProtocol, PROTOCOLS } from './registry.ts';
import { recordedStreams } from './testing/recorded-streams.ts';

const file = new URL('../fixtures/streams.json.gz', import.meta.url);
const streams = recordedStreams(gunzipSync(readFileSync(file)).toString());

describe('streams of real programs, of protocols that are read here and of others', () => {
  test('no place in them is taken for another protocol’s begin', () => {
    const { samples, wrong, examples } = tryEverywhere(streams, [24, 1460]);
    expect(examples).toEqual([]);
    expect(wrong).toBe(0);
    expect(samples).toBeGreaterThan(400_000);
  }, 60_000);

  test('their begins are taken for what they are, where a parser is here', () => {
    const names = new Set(PROTOCOLS.map(({ name }) => name));
    const begun = new Map<string, number>();
    for (const { protocol, side, bytes } of streams) {
      if (!names.has(protocol)) continue;
      const found = detectProtocol(bytes.subarray(0, 1460), side)?.protocol.name;
      if (found === protocol) begun.set(protocol, (begun.get(protocol) ?? 0) + 1);
      else expect([undefined, 'opaque']).toContain(found);
    }
    for (const name of ['http', 'http2', 'redis', 'mysql', 'postgresql', 'dns']) {
      expect(begun.get(name), name).toBeGreaterThan(0);
    }
  });
});

test('made streams from anywhere, and noise; `npm run fuzz` tries many more', () => {
  for (const { kind, samples, wrong, examples } of tryDetection(streams, 60_000, 20_261_124)) {
    expect(samples).toBe(60_000);
    expect(wrong, `${kind}: ${examples.join('\n')}`).toBeLessThanOrEqual(kind === 'small numbers' ? 6 : 0);
  }
}, 120_000);
