import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Arena, canTrace, capture, hasCommand } from '../capture/testing/live.ts';
import { TIERS } from '../options.ts';

/** What a traced call of either tier runs through. */
const SOCKET_HOOKS = ['weft_sock_send', 'weft_sock_recv', 'weft_tcp_send', 'weft_sys_exit'];

interface Listed {
  readonly id: number;
  readonly name: string;
  readonly max_entries?: number;
}

/** This process's programs or maps, as the kernel has them. */
function own(kind: 'prog' | 'map'): readonly Listed[] {
  const ids = new Set<string>();
  for (const fd of readdirSync('/proc/self/fdinfo')) {
    const id = new RegExp(`^${kind}_id:\\s*(\\d+)`, 'm').exec(fdInfo(fd))?.[1];
    if (id !== undefined) ids.add(id);
  }
  return [...ids].map((id) => JSON.parse(bpftool('-j', kind, 'show', 'id', id)) as Listed);
}

/** The folder's own descriptor is gone by the time it is read. */
function fdInfo(fd: string): string {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
  } catch {
    return '';
  }
}

function bpftool(...args: readonly string[]): string {
  return execFileSync('bpftool', args, { encoding: 'utf8', maxBuffer: 64 << 20 });
}

/** Socket hooks whose code, after the verifier, looks for calls of TLS libraries. */
function lookingForTls(): string[] {
  const hooks = own('prog').filter(({ name }) => SOCKET_HOOKS.includes(name));
  const looking = hooks.filter(({ id }) =>
    bpftool('prog', 'dump', 'xlated', 'id', String(id)).includes('tls_moved'),
  );
  return looking.map(({ name }) => name);
}

/** Names end after 15 characters. */
const tableSizes = () =>
  own('map')
    .filter(({ name }) => name === 'weft_tls_states' || name === 'weft_tls_gorout')
    .map(({ max_entries: entries }) => entries ?? 0);

let arena: Arena;
afterEach(() => arena.close());

describe.skipIf(!canTrace() || !hasCommand('bpftool', 'version'))(
  'TLS capture (needs root and bpftool)',
  () => {
    it.each(TIERS)('costs no traced call anything while it is off, tier %s', (tier) => {
      arena = new Arena();
      const off = capture(arena, tier, { tls: false });
      try {
        expect(off.canProbeTls).toBe(false);
        const programs = own('prog').map(({ name }) => name);
        expect(programs.some((name) => SOCKET_HOOKS.includes(name))).toBe(true);
        expect(programs.filter((name) => name.includes('tls'))).toEqual([]);
        expect(lookingForTls()).toEqual([]);
        expect(tableSizes()).toEqual([1, 1]);
      } finally {
        off.close();
      }
      // And so it would be seen if it were there.
      const on = capture(arena, tier, { tls: true });
      try {
        expect(on.canProbeTls).toBe(true);
        expect(lookingForTls()).not.toEqual([]);
        expect(Math.min(...tableSizes())).toBeGreaterThan(1);
      } finally {
        on.close();
      }
    });
  },
);
