import type { Row } from './rows.ts';

/** A stretch of time in which the trace waited for one row, and for which part of it. ns after the trace's start. */
export interface CriticalSegment {
  readonly from: number;
  readonly to: number;
  /** `inside`: the server worked, or waited for what was not seen. `between`: network and queues. */
  readonly part: 'inside' | 'between';
}

/** What the whole trace waited for. */
export interface CriticalPath {
  /** Row index → its stretches, latest first. */
  readonly segments: ReadonlyMap<number, readonly CriticalSegment[]>;
  /** ns of all stretches together. */
  readonly total: number;
}

/**
 * The critical path: going back from the end of each root, at each moment the call that finished last, else the row itself.
 * Shortening anything that is not on it makes nothing faster. Calls that outlive their parent count up to its end.
 * The stretches of a root share its duration exactly among the rows.
 */
export function criticalPath(rows: readonly Row[]): CriticalPath {
  const segments = new Map<number, CriticalSegment[]>();
  const children = childrenByEnd(rows);
  let total = 0;
  const add = (row: Row, from: number, to: number, part: CriticalSegment['part']): void => {
    if (to <= from) return;
    total += to - from;
    const list = segments.get(row.index);
    if (list === undefined) segments.set(row.index, [{ from, to, part }]);
    else list.push({ from, to, part });
  };
  // Rows still to be walked, each within the time its parent waited for it.
  const stack: [row: Row, from: number, until: number][] = [];
  for (const row of rows) {
    if (row.parent < 0) stack.push([row, row.start, row.start + row.duration]);
  }
  while (stack.length > 0) {
    const [row, from, until] = stack.pop()!;
    const innerStart = Math.min(Math.max(row.innerStart, from), until);
    const innerEnd = Math.min(Math.max(row.innerStart + row.innerDuration, innerStart), until);
    add(row, innerEnd, until, 'between');
    let at = innerEnd;
    for (const child of children.get(row.index) ?? []) {
      const end = Math.min(child.start + child.duration, innerEnd);
      const start = Math.max(child.start, innerStart);
      // One that ended later overlaps one that was waited for: it ran beside it.
      if (end > at || start >= end) continue;
      add(row, end, at, 'inside');
      stack.push([child, start, end]);
      at = start;
    }
    add(row, innerStart, at, 'inside');
    add(row, from, innerStart, 'between');
  }
  return { segments, total };
}

/** Each row's children, those that end last first. */
function childrenByEnd(rows: readonly Row[]): Map<number, Row[]> {
  const children = new Map<number, Row[]>();
  for (const row of rows) {
    if (row.parent < 0) continue;
    const list = children.get(row.parent);
    if (list === undefined) children.set(row.parent, [row]);
    else list.push(row);
  }
  for (const list of children.values()) {
    list.sort((a, b) => b.start + b.duration - (a.start + a.duration) || b.start - a.start);
  }
  return children;
}

/** A row's part in how long the trace took. */
export interface Hop {
  readonly row: Row;
  readonly part: CriticalSegment['part'];
  /** ns on the critical path */
  readonly nanos: number;
  /** Of the whole path, 0..1. */
  readonly share: number;
}

/** What the trace waited for longest, first the slowest; each row's inside and between apart. */
export function slowestHops(rows: readonly Row[], path: CriticalPath): Hop[] {
  const hops: Hop[] = [];
  for (const [index, segments] of path.segments) {
    for (const part of ['inside', 'between'] as const) {
      let nanos = 0;
      for (const segment of segments) if (segment.part === part) nanos += segment.to - segment.from;
      if (nanos > 0) hops.push({ row: rows[index]!, part, nanos, share: nanos / path.total });
    }
  }
  return hops.sort((a, b) => b.nanos - a.nanos || a.row.index - b.row.index);
}

/** ns in which a row's inside ran and none of its calls did. */
export function selfTime(row: Row, rows: readonly Row[]): number {
  const until = row.innerStart + row.innerDuration;
  let free = 0;
  let at = row.innerStart;
  // Children come by start.
  for (let index = row.index + 1; index < row.end; index = rows[index]!.end) {
    const child = rows[index]!;
    if (child.start > at) free += Math.min(child.start, until) - at;
    at = Math.max(at, child.start + child.duration);
    if (at >= until) return free;
  }
  return free + Math.max(0, until - at);
}
