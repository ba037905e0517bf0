import type { TraceState } from '../url/trace-state.ts';
import type { Row } from './rows.ts';

/** What is drawn as one line: a row, or one observation point of it. */
export interface Line {
  readonly row: Row;
  /** Index into the row's spans; null: all in one. */
  readonly member: number | null;
  readonly depth: number;
  readonly collapsed: boolean;
}

type Folding = Pick<TraceState, 'depth' | 'toggled' | 'unfolded'>;

export function isCollapsed(row: Row, { depth, toggled }: Folding): boolean {
  if (row.end === row.index + 1) return false;
  const byDepth = depth !== null && row.depth >= depth;
  return byDepth !== toggled.has(row.id);
}

/** The lines that are not hidden in something collapsed, in order. */
export function visibleLines(rows: readonly Row[], folding: Folding): Line[] {
  const lines: Line[] = [];
  // Rows inside an unfolded exchange stand further right: [end of the exchange, by how much], innermost last.
  const shifts: [end: number, by: number][] = [];
  let shift = 0;
  for (let index = 0; index < rows.length; ) {
    const row = rows[index]!;
    while (shifts.length > 0 && shifts[shifts.length - 1]![0] <= index) shift -= shifts.pop()![1];
    const collapsed = isCollapsed(row, folding);
    if (row.spans.length > 1 && folding.unfolded.has(row.id)) {
      row.spans.forEach((_, member) => {
        lines.push({ row, member, depth: row.depth + shift + member, collapsed });
      });
      shifts.push([row.end, row.spans.length - 1]);
      shift += row.spans.length - 1;
    } else {
      lines.push({ row, member: null, depth: row.depth + shift, collapsed });
    }
    index = collapsed ? row.end : index + 1;
  }
  return lines;
}

/** The line that shows a span; when it is hidden, that of the row which hides it. -1: there is none. */
export function lineOf(lines: readonly Line[], rowIndex: number, spanId: string): number {
  let low = 0;
  let high = lines.length - 1;
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.row.index <= rowIndex) {
      found = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  // The last line at or before the row: among several of one exchange, the one of that span.
  for (let at = found; at >= 0 && lines[at]!.row === lines[found]!.row; at--) {
    const { row, member } = lines[at]!;
    if (member === null || row.spans[member]!.spanId === spanId) return at;
  }
  return found;
}

/** `toggled` with everything above a row open. */
export function revealed(rows: readonly Row[], index: number, folding: Folding): ReadonlySet<string> {
  const toggled = new Set(folding.toggled);
  for (let at = rows[index]!.parent; at >= 0; at = rows[at]!.parent) {
    const row = rows[at]!;
    if (!isCollapsed(row, folding)) continue;
    if (!toggled.delete(row.id)) toggled.add(row.id);
  }
  return toggled;
}
