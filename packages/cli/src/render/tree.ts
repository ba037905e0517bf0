import type { SpanJson } from '@weft/model';

/** A span at its place in the tree. */
export interface TreeRow {
  readonly span: SpanJson;
  /** The parent's row; null at a root. */
  readonly above: TreeRow | null;
  /** No sibling follows. */
  readonly last: boolean;
}

/**
 * Spans as rows of a tree, depth first, siblings in the given order. Spans whose parent is not among them
 * stand as roots, and so does the first span of a loop: every span appears exactly once.
 */
export function treeRows(spans: readonly SpanJson[]): readonly TreeRow[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = new Map<string, SpanJson[]>();
  const roots: SpanJson[] = [];
  for (const span of spans) {
    if (span.parentSpanId === null || !byId.has(span.parentSpanId)) roots.push(span);
    else {
      const siblings = children.get(span.parentSpanId);
      if (siblings === undefined) children.set(span.parentSpanId, [span]);
      else siblings.push(span);
    }
  }
  const rows: TreeRow[] = [];
  const seen = new Set<SpanJson>();
  const visitFrom = (root: SpanJson) => {
    const stack: TreeRow[] = [{ span: root, above: null, last: true }];
    for (let row = stack.pop(); row !== undefined; row = stack.pop()) {
      if (seen.has(row.span)) continue;
      seen.add(row.span);
      rows.push(row);
      const below = (children.get(row.span.spanId) ?? []).filter((child) => !seen.has(child));
      for (let i = below.length - 1; i >= 0; i--) {
        stack.push({ span: below[i]!, above: row, last: i === below.length - 1 });
      }
    }
  };
  for (const root of roots) visitFrom(root);
  for (const span of spans) if (!seen.has(span)) visitFrom(span);
  return rows;
}

/**
 * The lines that lead to a row: `│ └ `.
 * @param width columns that they may take; deeper ones are cut on the left, with `…`
 */
export function branches(row: TreeRow, width: number): string {
  let text = '';
  for (let at = row; at.above !== null; at = at.above) {
    if (text.length + 2 > width) return `…${text.slice(Math.max(0, text.length - width + 1))}`;
    text = (at === row ? (at.last ? '└ ' : '├ ') : at.last ? '  ' : '│ ') + text;
  }
  return text;
}
