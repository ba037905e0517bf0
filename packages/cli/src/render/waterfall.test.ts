import { describe, expect, test } from 'vitest';
import { makeSpan, makeTrace, SHOP } from '../testing/traces.ts';
import { renderWaterfall } from './waterfall.ts';

const plain = (width: number) => ({ width, colour: false });

describe('renderWaterfall', () => {
  test('a trace as people see it', () => {
    expect(renderWaterfall(SHOP, plain(100))).toBe(
      [
        'trace aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
        'GET /shop/{id} · 20.0 ms · 3 services · 6 spans · all linked',
        '',
        'nginx GET /shop/{id}     █████████████████████████████████████  20.0 ms 200',
        '└ → GET /shop/{id}        ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒    18.0 ms 200       socket-origin 0.95',
        '  └ shop GET /shop/{id}     ██████████████████████████████      16.0 ms 200       tcp-seq 1.00',
        '    ├ → GET /stock            ▒▒▒▒▒▒▒▒▒▒▒▒                      6.00 ms 200       unit 1.00',
        '    │ └ stock GET /stock        ████████                        4.00 ms 500       tcp-seq 1.00',
        '    └ → GET                                ▒▒▒▒▒▒▒▒▒▒▒▒         6.00 ms no answer socket-return 1.00',
        '',
      ].join('\n'),
    );
  });

  test('marks hops that were not seen', () => {
    const spans = SHOP.spans
      .slice(0, 3)
      .map((span, at) =>
        at < 2 ? span : { ...span, attributes: { ...span.attributes, 'weft.untraced': true } },
      );
    const text = renderWaterfall(makeTrace(spans), plain(100));
    expect(text).toContain('all linked · 1 hop untraced (⋯)\n');
    expect(text).toContain('  └ ⋯ shop GET /shop/{id} ');
  });

  test('fits every width, and says who and how long even on the narrowest', () => {
    for (let width = 20; width <= 200; width++) {
      const lines = renderWaterfall(SHOP, plain(width)).trimEnd().split('\n');
      for (const line of lines) expect([...line].length, `${width}: ${line}`).toBeLessThanOrEqual(width);
      if (width >= 30) expect(lines.find((line) => line.startsWith('ngi'))).toMatch(/20\.0 ms 200$/);
    }
  });

  test('colours, where there are some, change nothing else', () => {
    const coloured = renderWaterfall(SHOP, { width: 100, colour: true });
    expect(coloured).toContain('\x1b[31m500');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes are what is looked for
    const stripped = coloured.replace(/\x1b\[\d+m/g, '');
    const trimmed = stripped.split('\n').map((line) => line.trimEnd());
    expect(trimmed.join('\n')).toBe(renderWaterfall(SHOP, plain(100)));
  });

  test('says what is missing', () => {
    const first = SHOP.spans[0]!;
    const orphan = makeSpan({ id: 8, parent: 77, service: 'b', name: 'x', kind: 'server', from: 1, to: 2 });
    const unsure = makeSpan({
      id: 9,
      parent: null,
      service: 'c',
      name: 'y',
      kind: 'client',
      from: 1,
      to: 2,
      evidence: 'inferred',
      chosen: false,
      confidence: 0.4,
    });
    const text = renderWaterfall(
      makeTrace([first, orphan, unsure], {
        truncated: true,
        settled: false,
        completeness: { linked: 0.339, incomplete: 1, lost: { ring: 12, parse: 0 } },
      }),
      plain(120),
    );
    expect(text).toContain(
      '33 % linked · 1 request without an answer · lost: 12 ring · truncated\nmore may come\n',
    );
    expect(text).toMatch(/b x .* parent not seen\n/);
    expect(text).toMatch(/c → y .* candidates: 1\n/);
  });

  test('deep chains keep room for names', () => {
    const deep = Array.from({ length: 60 }, (_, i) =>
      makeSpan({
        id: i + 1,
        parent: i === 0 ? null : i,
        service: `s${i}`,
        name: 'GET /',
        kind: 'server',
        from: i,
        to: 100,
      }),
    );
    const lines = renderWaterfall(makeTrace(deep), plain(80)).trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/^….*s59/);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(80);
  });

  test('names cannot move the cursor', () => {
    const evil = makeSpan({
      id: 1,
      parent: null,
      service: 'a\x1b[2J',
      name: 'x\r\n\u009by',
      kind: 'server',
      from: 0,
      to: 1,
    });
    const text = renderWaterfall(makeTrace([evil]), plain(80));
    expect(text).toContain('a·[2J x···y');
    expect(text.split('\n')).toHaveLength(5);
  });

  test('an empty trace, and spans without duration', () => {
    expect(renderWaterfall(makeTrace([]), plain(80))).toContain('no spans');
    const instant = makeSpan({
      id: 1,
      parent: null,
      service: 'a',
      name: 'x',
      kind: 'server',
      from: 0,
      to: 0,
    });
    expect(renderWaterfall(makeTrace([instant]), plain(80))).toContain('0 ns');
  });
});
