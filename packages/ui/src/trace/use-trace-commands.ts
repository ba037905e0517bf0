import type { Command } from '../keys/keymap.ts';
import { useCommands } from '../keys/use-commands.ts';
import { go } from '../url/location.ts';
import { toggled } from '../url/parameters.ts';
import type { TraceState, Zoom } from '../url/trace-state.ts';
import { homeSearch } from '../url/use-states.ts';
import type { Hop } from './critical-path.ts';
import { isCollapsed, type Line, lineOf, revealed } from './lines.ts';
import type { Row, TraceRows } from './rows.ts';
import { clampView, pan, zoomAround } from './timeline.ts';

const PAGE = 20;
const ZOOM = 1.6;
const PAN = 0.25;

export interface TraceCommandContext {
  readonly state: TraceState;
  readonly change: (part: Partial<TraceState>) => void;
  readonly model: TraceRows;
  readonly lines: readonly Line[];
  readonly hops: readonly Hop[];
  readonly matches: readonly number[] | null;
  readonly view: Zoom;
}

/** What keys do on the trace page. */
export function useTraceCommands(context: TraceCommandContext): void {
  useCommands((command) => perform(command, context));
}

function perform(command: Command, context: TraceCommandContext): boolean {
  const { state, change, model, lines, view } = context;
  const rowIndex = state.span === null ? undefined : model.rowOf.get(state.span);
  const row = rowIndex === undefined ? null : model.rows[rowIndex]!;
  const at = row === null ? -1 : lineOf(lines, row.index, state.span ?? '');
  const toLine = (index: number): void => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, index))];
    if (line !== undefined) change({ span: line.row.spans[line.member ?? 0]!.spanId });
  };
  switch (command) {
    case 'down':
      toLine(at + 1);
      break;
    case 'up':
      toLine(at < 0 ? 0 : at - 1);
      break;
    case 'page-down':
      toLine(at + PAGE);
      break;
    case 'page-up':
      toLine(at - PAGE);
      break;
    case 'first':
      toLine(0);
      break;
    case 'last':
      toLine(lines.length - 1);
      break;
    case 'open':
      if (row === null) toLine(0);
      else document.querySelector<HTMLElement>('.detail')?.focus();
      break;
    case 'back':
      if (state.span !== null) change({ span: null });
      else if (state.find !== '') change({ find: '' });
      else go('/', homeSearch());
      break;
    case 'find':
      document.querySelector<HTMLInputElement>('#find')?.select();
      break;
    case 'slowest':
      slowest(row, context);
      break;
    case 'next-match':
      nextMatch(row, 1, context);
      break;
    case 'previous-match':
      nextMatch(row, -1, context);
      break;
    case 'collapse':
      if (row !== null) collapse(row, context);
      break;
    case 'expand':
      if (row !== null) expand(row, at, context);
      break;
    case 'unfold':
      if (row !== null && row.spans.length > 1)
        change({ unfolded: toggled(state.unfolded, row.id), span: row.id });
      break;
    case 'shallower':
      change({ depth: Math.max(0, (state.depth ?? deepest(model.rows)) - 1), toggled: new Set() });
      break;
    case 'deeper': {
      const depth = (state.depth ?? deepest(model.rows)) + 1;
      change({ depth: depth >= deepest(model.rows) ? null : depth, toggled: new Set() });
      break;
    }
    case 'zoom-span':
      if (row !== null) change({ zoom: around(row, model.duration) });
      break;
    case 'zoom-in':
      change({ zoom: zoomAround(view, center(row, view), 1 / ZOOM, model.duration) });
      break;
    case 'zoom-out':
      change({ zoom: zoomAround(view, center(row, view), ZOOM, model.duration) });
      break;
    case 'zoom-all':
      change({ zoom: null });
      break;
    case 'pan-left':
      change({ zoom: pan(view, -(view.to - view.from) * PAN, model.duration) });
      break;
    case 'pan-right':
      change({ zoom: pan(view, (view.to - view.from) * PAN, model.duration) });
      break;
    default:
      return false;
  }
  return true;
}

function reveal(index: number, { model, state, change }: TraceCommandContext): void {
  change({ span: model.rows[index]!.id, toggled: revealed(model.rows, index, state) });
}

/** The slowest hop; from there the next slowest, and at last the slowest again. */
function slowest(row: Row | null, context: TraceCommandContext): void {
  const ranked = [...new Set(context.hops.map((hop) => hop.row.index))];
  if (ranked.length === 0) return;
  const rank = row === null ? -1 : ranked.indexOf(row.index);
  reveal(ranked[(rank + 1) % ranked.length]!, context);
}

function nextMatch(row: Row | null, step: 1 | -1, context: TraceCommandContext): void {
  const matches = context.matches ?? [];
  if (matches.length === 0) return;
  const at = row === null ? -1 : row.index;
  const next =
    step === 1
      ? (matches.find((index) => index > at) ?? matches[0]!)
      : (matches.findLast((index) => index < at) ?? matches[matches.length - 1]!);
  reveal(next, context);
}

function collapse(row: Row, { state, change, model }: TraceCommandContext): void {
  const isLeaf = row.end === row.index + 1;
  if (!isLeaf && !isCollapsed(row, state)) change({ toggled: toggled(state.toggled, row.id) });
  else if (row.parent >= 0) change({ span: model.rows[row.parent]!.id });
}

function expand(row: Row, at: number, { state, change, lines }: TraceCommandContext): void {
  if (isCollapsed(row, state)) change({ toggled: toggled(state.toggled, row.id) });
  else {
    const next = lines[at + 1];
    if (next !== undefined && next.row.index < row.end)
      change({ span: next.row.spans[next.member ?? 0]!.spanId });
  }
}

function deepest(rows: readonly Row[]): number {
  return rows.reduce((most, row) => Math.max(most, row.depth), 0);
}

/** The row with a little of what is around it. */
function around(row: Row, duration: number): Zoom | null {
  const margin = row.duration * 0.05;
  return clampView(row.start - margin, row.start + row.duration + margin, duration);
}

/** The middle of what the row shows in the view, else that of the view. */
function center(row: Row | null, view: Zoom): number {
  const middle = (view.from + view.to) / 2;
  if (row === null) return middle;
  const from = Math.max(view.from, row.start);
  const to = Math.min(view.to, row.start + row.duration);
  return from < to ? (from + to) / 2 : middle;
}
