import type { SpanId, TraceId } from '@weft/model';
import { describe, expect, test } from 'vitest';
import { explain } from './explain.ts';
import { callShownBy } from './match.ts';
import { scoreSpans } from './score.ts';
import { endId, link, type MutableSpan, perfectSpans, span } from './synthetic.ts';
import { readTruth } from './truth.ts';

/** Two traces of three calls each: root → middle → leaf, and a warm-up call. */
function world() {
  const text = ['one', 'two']
    .flatMap((name) => [
      { call: `${name}root`, parent: null },
      { call: `${name}middle`, parent: `${name}root` },
      { call: `${name}leaf`, parent: `${name}middle` },
    ])
    .map((line) => JSON.stringify(line))
    .join('\n');
  const truth = readTruth([
    { name: 'all.jsonl', text },
    { name: 'warmup.jsonl', text: '{"call":"warmroot","parent":null}' },
  ]);
  return { truth, spans: perfectSpans(truth) };
}

type World = ReturnType<typeof world>;
const client = (call: string) => endId(call, 'client-process');
const server = (call: string) => endId(call, 'server-process');

function at(spans: World['spans'], id: SpanId): MutableSpan {
  const found = spans.get(id);
  if (found === undefined) throw new Error(`no span ${id}`);
  return found;
}

function scored(damage: (spans: World['spans']) => void, allowNameless = false) {
  const { truth, spans } = world();
  damage(spans);
  return scoreSpans(truth, spans.values(), allowNameless).score;
}

describe('scoreSpans', () => {
  test('perfect spans are all right', () => {
    const score = scored(() => {});
    expect(score.calls).toBe(6);
    // Per trace three network links and two inside processes; a root's client span has none.
    expect(score.links).toEqual({ right: 10, wrong: 0, missing: 0 });
    expect(score.bySide.client).toEqual({ right: 4, wrong: 0, missing: 0 });
    expect(score.traces).toMatchObject({ total: 2, exact: 2 });
    expect(score.certain).toEqual({ total: 10, wrong: 0 });
    expect(score.evidence['tcp-seq']).toEqual({ right: 6, wrong: 0, missing: 0 });
    expect(score.evidence.unit).toEqual({ right: 4, wrong: 0, missing: 0 });
  });

  test('no spans at all: everything is missing, nothing is wrong', () => {
    const score = scored((spans) => spans.clear());
    expect(score.links).toEqual({ right: 0, wrong: 0, missing: 10 });
    expect(score.traces.exact).toBe(0);
    expect(score.defects).toEqual({ 'unseen span': 2 });
  });

  test('a certain link to the wrong trace spoils both traces', () => {
    const score = scored((spans) => {
      const wrong = at(spans, client('onemiddle'));
      wrong.parentSpanId = server('tworoot');
      wrong.links = [link(server('tworoot'), 'unit', 1)];
    });
    expect(score.links).toEqual({ right: 9, wrong: 1, missing: 0 });
    expect(score.certain).toEqual({ total: 10, wrong: 1 });
    expect(score.traces.exact).toBe(0);
    expect(score.defects).toMatchObject({ 'wrong link': 1, 'foreign span': 1 });
    expect(score.evidence.unit).toEqual({ right: 3, wrong: 1, missing: 0 });
  });

  test('a link to the wrong call of the right trace is wrong too, but not certain below 0.99', () => {
    const score = scored((spans) => {
      const wrong = at(spans, client('oneleaf'));
      wrong.parentSpanId = server('oneroot');
      wrong.links = [link(server('oneroot'), 'inferred', 0.7)];
    });
    expect(score.links.wrong).toBe(1);
    expect(score.certain.wrong).toBe(0);
    expect(score.traces.exact).toBe(1);
    expect(score.defects).toEqual({ 'wrong link': 1 });
  });

  test('a missing parent and a parent that is not there are missing links', () => {
    const score = scored((spans) => {
      at(spans, client('oneleaf')).parentSpanId = null;
      at(spans, client('twoleaf')).parentSpanId = 'gone' as SpanId;
    });
    expect(score.links).toEqual({ right: 8, wrong: 0, missing: 2 });
    expect(score.traces.exact).toBe(0);
    expect(score.defects['missing link']).toBe(2);
  });

  test('an unseen server span misses its own link and its children’s', () => {
    const score = scored((spans) => spans.delete(server('onemiddle')));
    expect(score.links).toEqual({ right: 8, wrong: 0, missing: 2 });
    expect(score.traces.exact).toBe(1);
  });

  test('a root that hangs under another request is wrong', () => {
    const score = scored((spans) => {
      at(spans, client('tworoot')).parentSpanId = server('oneleaf');
    });
    expect(score.links.wrong).toBe(1);
    expect(score.traces.exact).toBe(0);
  });

  test('interface spans between the ends do no harm', () => {
    const score = scored((spans) => {
      const id = 'i-oneleaf' as SpanId;
      spans.set(id, span('oneleaf', 'server-interface', id, client('oneleaf'), 'oneroot', []));
      at(spans, server('oneleaf')).parentSpanId = id;
    });
    expect(score.links).toEqual({ right: 10, wrong: 0, missing: 0 });
    expect(score.traces.exact).toBe(2);
  });

  test('a nameless span in a trace is one too many, unless the scenario has such', () => {
    const add = (spans: World['spans']) => {
      const id = 'nameless' as SpanId;
      const extra = span('?', 'client-process', id, server('oneroot'), 'oneroot', []);
      extra.attributes = {};
      spans.set(id, extra);
    };
    expect(scored(add).defects).toEqual({ 'nameless span': 1 });
    expect(scored(add, true).traces.exact).toBe(2);
  });

  test('spans of one trace under two trace ids are not one trace for a user', () => {
    const score = scored((spans) => {
      at(spans, server('oneleaf')).traceId = 'other' as TraceId;
    });
    expect(score.links.right).toBe(10);
    expect(score.defects).toEqual({ 'split trace id': 1 });
  });

  test('a call seen twice at one end spoils its trace', () => {
    const score = scored((spans) => {
      const id = 'again' as SpanId;
      spans.set(id, span('oneleaf', 'client-process', id, server('onemiddle'), 'oneroot', []));
    });
    expect(score.defects).toEqual({ 'repeated span': 1 });
  });

  test('a warm-up span in a counted trace is foreign', () => {
    const score = scored((spans) => {
      at(spans, client('warmroot')).parentSpanId = server('oneleaf');
    });
    expect(score.links).toEqual({ right: 10, wrong: 0, missing: 0 });
    expect(score.defects).toEqual({ 'foreign span': 1 });
  });

  test('a circle of parents ends', () => {
    const score = scored((spans) => {
      at(spans, client('oneroot')).parentSpanId = server('oneleaf');
    });
    expect(score.links.wrong).toBe(1);
    expect(score.traces.exact).toBe(1);
  });
});

describe('callShownBy', () => {
  const known = (id: string) => id === '0a1b2c3d4e5f' || id === '123e4567-e89b-12d3';
  const shows = (attributes: MutableSpan['attributes']) =>
    callShownBy({ ...span('x', 'client-process', 'x' as SpanId, null, 'x', []), attributes }, known);

  test.each([
    ['a path', { 'url.path': '/work/0a1b2c3d4e5f' }],
    ['a query', { 'url.path': '/', 'url.query': 'a=1&id=0a1b2c3d4e5f' }],
    ['a Redis key', { 'db.query.text': 'GET job:0a1b2c3d4e5f' }],
    ['a part of a word', { 'db.query.text': 'GET job_0a1b2c3d4e5f' }],
    ['a literal in SQL', { 'db.query.text': "SELECT * FROM t WHERE id = '0a1b2c3d4e5f'" }],
    ['any other attribute', { 'messaging.message.id': '0a1b2c3d4e5f' }],
  ])('finds an id in %s', (_, attributes) => {
    expect(shows(attributes)).toBe('0a1b2c3d4e5f');
  });

  test('finds ids with dashes, and nothing where there is none', () => {
    expect(shows({ 'url.path': '/work/123e4567-e89b-12d3' })).toBe('123e4567-e89b-12d3');
    expect(shows({ 'url.path': '/work/0a1b2c3d4e5', 'process.pid': 7 })).toBeNull();
  });
});

describe('explain', () => {
  test('names the span, the wanted parent and what was taken instead', () => {
    const { truth, spans } = world();
    const wrong = at(spans, client('onemiddle'));
    wrong.parentSpanId = server('tworoot');
    wrong.links = [link(server('tworoot'), 'unit', 1)];
    const [text] = explain(truth, scoreSpans(truth, spans.values()), 5);
    expect(text).toContain(client('onemiddle'));
    expect(text).toContain(server('oneroot'));
    expect(text).toContain(server('tworoot'));
    expect(text).toContain('unit');
  });
});
