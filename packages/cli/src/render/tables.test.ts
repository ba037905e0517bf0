import type { KernelReport } from '@weft/agent';
import type { TraceId, TraceSummaryJson } from '@weft/model';
import { expect, test } from 'vitest';
import { renderKernelReport } from './kernel-report.ts';
import { count, formatDuration } from './quantities.ts';
import { renderTraceList } from './trace-list.ts';

const plain = (width: number) => ({ width, colour: false });

const SUMMARY: TraceSummaryJson = {
  traceId: 'b'.repeat(32) as TraceId,
  rootService: 'nginx',
  rootName: 'GET /shop/{id}',
  startTimeUnixNano: '1700000000123000000',
  durationNano: '20400000',
  spanCount: 6,
  services: ['nginx', 'shop', 'stock'],
  status: 'ok',
  truncated: false,
};

test('durations have three digits at every size', () => {
  expect(
    [0, 999, 1000, 1234, 99_940, 99_960, 999_400, 999_600, 3_414_000, 20e6, 1.234e9, 119.4e9, 3725e9].map(
      formatDuration,
    ),
  ).toEqual([
    '0 ns',
    '999 ns',
    '1.00 µs',
    '1.23 µs',
    '99.9 µs',
    '100 µs',
    '999 µs',
    '1.00 ms',
    '3.41 ms',
    '20.0 ms',
    '1.23 s',
    '119 s',
    '62 min 5 s',
  ]);
  expect([count(1, 'span'), count(0, 'span')]).toEqual(['1 span', '0 spans']);
});

test('the list of traces', () => {
  const text = renderTraceList([SUMMARY], plain(Number.POSITIVE_INFINITY));
  const [header, line] = text.split('\n');
  expect(header).toMatch(/^TRACE +START +DURATION SPANS STATUS ROOT$/);
  expect(line).toMatch(
    /^b{32} \d\d:\d\d:\d\d\.123 {2}20\.4 ms {5}6 ok {5}nginx GET \/shop\/\{id\} \(shop, stock\)$/,
  );
  for (const cutLine of renderTraceList([SUMMARY], plain(60)).split('\n')) {
    expect([...cutLine].length).toBeLessThanOrEqual(60);
  }
});

test('the report of the kernel', () => {
  const hook = { optional: false, status: 'ok', reason: 'what was sent' } as const;
  const report: KernelReport = {
    tiers: [
      {
        tier: 'sock',
        usable: false,
        reason: 'no sock_send_length',
        hooks: [
          {
            ...hook,
            name: 'a',
            tracepoint: 'sock_send_length',
            status: 'refused',
            reason: 'Linux before 6.3',
          },
          { ...hook, name: 'b', tracepoint: 'x', status: 'refused', optional: true, reason: 'absent' },
        ],
      },
      {
        tier: 'syscall',
        usable: true,
        reason: 'loads and attaches',
        hooks: [{ ...hook, name: 'c', tracepoint: 'sys_enter' }],
      },
    ],
    warnings: ['no cgroup v2'],
  };
  const lines = [
    '✗ tier sock: no sock_send_length',
    '    ✗ sock_send_length  Linux before 6.3',
    '    ! x                 absent',
    '✓ tier syscall: loads and attaches, this one is used',
    '    ✓ sys_enter         what was sent',
    '! no cgroup v2',
    '',
  ];
  expect(renderKernelReport(report, plain(100))).toBe(lines.join('\n'));
  for (const line of renderKernelReport(report, plain(24)).split('\n'))
    expect([...line].length).toBeLessThanOrEqual(24);
});
