import type { AgentReport } from '@weft/model';
import { describe, expect, it } from 'vitest';
import { AgentRegistry } from './agents.ts';

const NOW = 1_760_000_000_000;

function nanosAt(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}

function report(settledMs: number, lost: Record<string, number> = {}): AgentReport {
  return {
    agentId: 'a',
    hostname: 'h',
    version: '1',
    tier: 'sock',
    hooks: {},
    events: 0,
    capturedBytes: 3400,
    spans: 0,
    lost,
    cpuSeconds: 0,
    residentBytes: 0,
    tracedShare: 1,
    payloadBytes: 4096,
    settledUntilUnixNano: nanosAt(settledMs).toString(),
  };
}

describe('settled time', () => {
  it('is now without agents, and the least of the live ones with some', () => {
    const agents = new AgentRegistry();
    expect(agents.settledUntil(NOW)).toBe(nanosAt(NOW));
    const a = agents.see('a', 'h', NOW)!;
    const b = agents.see('b', 'h', NOW)!;
    // They may have waited for this server with what they saw before.
    expect(agents.settledUntil(NOW)).toBe(0n);
    agents.report(a, report(NOW + 100));
    agents.report(b, report(NOW + 200));
    expect(agents.settledUntil(NOW + 1000)).toBe(nanosAt(NOW + 100));
    agents.see('b', 'h', NOW + 20_000);
    // a is silent for too long to be waited for.
    expect(agents.settledUntil(NOW + 20_000)).toBe(nanosAt(NOW + 200));
  });

  it('waits for batches that a report has overtaken', () => {
    const agents = new AgentRegistry();
    const a = agents.see('a', 'h', NOW)!;
    const batch = agents.taken(a, nanosAt(NOW + 10));
    agents.report(a, report(NOW + 100));
    expect(agents.settledUntil(NOW + 1000)).toBe(0n);
    agents.stored(a, batch, 1);
    expect(agents.settledUntil(NOW + 1000)).toBe(nanosAt(NOW + 100));
  });

  it('does not move past a batch that failed, nor past one that is still on its way', () => {
    const agents = new AgentRegistry();
    const a = agents.see('a', 'h', NOW)!;
    const first = agents.taken(a, nanosAt(NOW + 10));
    const second = agents.taken(a, nanosAt(NOW + 20));
    const third = agents.taken(a, nanosAt(NOW + 30));
    agents.stored(a, second, 1);
    expect(agents.settledUntil(NOW + 1000)).toBe(0n);
    agents.stored(a, first, 1);
    expect(agents.settledUntil(NOW + 1000)).toBe(nanosAt(NOW + 20));
    agents.failed(a, third);
    expect(agents.settledUntil(NOW + 1000)).toBe(nanosAt(NOW + 20));
  });

  it('goes back with an agent whose clock is set back, once its next batch is stored', () => {
    const agents = new AgentRegistry();
    const a = agents.see('a', 'h', NOW)!;
    agents.stored(a, agents.taken(a, nanosAt(NOW + 5_000)), 1);
    // A little less is no such clock.
    agents.stored(a, agents.taken(a, nanosAt(NOW + 4_500)), 1);
    expect(agents.settledUntil(NOW + 10_000)).toBe(nanosAt(NOW + 5_000));
    const batch = agents.taken(a, nanosAt(NOW - 60_000));
    expect(agents.settledUntil(NOW + 10_000)).toBe(0n);
    agents.stored(a, batch, 1);
    expect(agents.settledUntil(NOW + 10_000)).toBe(nanosAt(NOW - 60_000));
  });

  it('counts losses from report to report, also when an agent starts anew', () => {
    const agents = new AgentRegistry();
    const a = agents.see('a', 'h', NOW)!;
    expect([...agents.report(a, report(NOW, { full: 3 }))]).toEqual([['full', 3]]);
    expect([...agents.report(a, report(NOW, { full: 5 }))]).toEqual([['full', 2]]);
    expect([...agents.report(a, report(NOW, { full: 1, other: 0 }))]).toEqual([['full', 1]]);
    expect(agents.lost.get('full')).toBe(6);
  });
});
