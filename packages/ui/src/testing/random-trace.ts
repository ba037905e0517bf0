import type { SpanJson } from '@weft/model';
import fc from 'fast-check';
import { exchange, makeSpan } from './traces.ts';

const node = fc.record({
  kind: fc.constantFrom('exchange', 'client', 'server'),
  /** Which of the nodes before it caused it; the last possible value: none of them. */
  parent: fc.nat(),
  /** ns after its parent's start. */
  start: fc.integer({ min: -20, max: 1000 }),
  length: fc.integer({ min: 0, max: 1200 }),
  /** What the way to the server takes, and the way back. */
  margin: fc.integer({ min: -5, max: 100 }),
});
type Node = typeof node extends fc.Arbitrary<infer T> ? T : never;

/** Any trace: several roots, calls that outlive their parents, clocks that differ; depth first, children by start. */
export const randomSpans: fc.Arbitrary<readonly SpanJson[]> = fc
  .array(node, { minLength: 1, maxLength: 20 })
  .map((nodes) => {
    const parents = nodes.map(({ parent }, index) => (parent % (index + 1)) - 1);
    const spans: SpanJson[] = [];
    const visit = (parent: number, parentSpan: number | null, base: number): void => {
      const children = [...nodes.keys()]
        .filter((index) => parents[index] === parent)
        .sort((a, b) => nodes[a]!.start - nodes[b]!.start);
      for (const index of children) {
        const from = Math.max(0, base + nodes[index]!.start);
        const own = spansOf(nodes[index]!, 2 * index + 1, parentSpan, from);
        spans.push(...own);
        visit(index, Number.parseInt(own[own.length - 1]!.spanId, 16), from);
      }
    };
    visit(-1, null, 20);
    return spans;
  });

function spansOf(
  { kind, length, margin }: Node,
  id: number,
  parent: number | null,
  from: number,
): SpanJson[] {
  const to = from + length;
  const service = `s${length % 5}`;
  if (kind !== 'exchange') {
    const point = kind === 'client' ? 'client-process' : 'server-process';
    return [makeSpan({ id, parent, service, from, to, point })];
  }
  const start = Math.max(0, from + margin);
  return exchange(id, parent, 'caller', service, [from, to], [start, Math.max(start, to - margin)]);
}
