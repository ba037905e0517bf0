import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ListeningPorts, readListeners } from './listening.ts';
import type { ProcFs } from './proc-fs.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0\n`;

describe('readListeners', () => {
  it('takes listening sockets alone, of both tables, and survives anything', () => {
    const ports = new Set<number>();
    readListeners(HEAD + row('0100007F:1F90', '0A') + row('0100007F:C350', '01'), ports);
    readListeners(HEAD + row('00000000000000000000000000000000:01BB', '0A'), ports);
    readListeners('', ports);
    readListeners(`${HEAD}x\n   0: nonsense 0:0 0A\n   1: 0:FFFFFF 0:0 0A\n   2: 0100007F:00`, ports);
    expect([...ports]).toEqual([8080, 443]);
  });
});

describe('ListeningPorts', () => {
  it('reads a namespace once a second, whoever asks', () => {
    let tables = 0;
    const clock = { now: 0 };
    const content: Record<string, string> = { '/proc/1/net/tcp': HEAD + row('0100007F:1F90', '0A') };
    const procFs: ProcFs = {
      readText: (path) => {
        tables++;
        return content[path] ?? null;
      },
      readBytes: () => null,
      readLink: (path) => (/^\/proc\/[12]\//.test(path) ? 'net:[4026531840]' : null),
    };
    const ports = new ListeningPorts(procFs, () => clock.now);
    expect(ports.isListening(1, 8080)).toBe(true);
    expect(ports.isListening(2, 8080)).toBe(true);
    expect(ports.isListening(2, 80)).toBe(false);
    expect(ports.portsOf(1)).toEqual([8080]);
    expect(tables).toBe(2);
    content['/proc/1/net/tcp'] = HEAD + row('0100007F:0050', '0A');
    clock.now = 999;
    expect(ports.isListening(1, 80)).toBe(false);
    clock.now = 1000;
    expect(ports.isListening(1, 80)).toBe(true);
    expect(ports.isListening(1, 8080)).toBe(false);
    expect(ports.isListening(3, 80)).toBe(false);
  });

  it('rests longer where reading is slow', () => {
    const clock = { now: 0 };
    let tables = 0;
    const procFs: ProcFs = {
      readText: () => {
        tables++;
        clock.now += 50;
        return null;
      },
      readBytes: () => null,
      readLink: () => 'net:[1]',
    };
    const ports = new ListeningPorts(procFs, () => clock.now);
    ports.isListening(1, 80);
    clock.now = 9999;
    ports.isListening(1, 80);
    expect(tables).toBe(2);
    clock.now = 10_000;
    ports.isListening(1, 80);
    expect(tables).toBe(4);
  });

  it.each(['127.0.0.1', '::1'])('sees a listener on %s', async (host) => {
    const server = createServer().listen(0, host);
    try {
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const ports = new ListeningPorts();
      expect(ports.isListening(process.pid, address.port)).toBe(true);
      expect(ports.isListening(process.pid, 1)).toBe(false);
      expect(ports.isListening(0x7fffffff, address.port)).toBe(false);
    } finally {
      server.close();
    }
  });
});
