import { readIds, readMatching, writeIds, writeParameters } from './parameters.ts';

/** A part of a trace's time: ns after its start. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}

/** Everything that the trace page shows, as its URL holds it. */
export interface TraceState {
  /** The selected span. */
  readonly span: string | null;
  /** Rows at this depth and below are collapsed; null: none are. */
  readonly depth: number | null;
  /** Rows that are the other way round than `depth` says. */
  readonly toggled: ReadonlySet<string>;
  /** Exchanges that are shown as one row an observation point. */
  readonly unfolded: ReadonlySet<string>;
  /** Null: the whole trace. */
  readonly zoom: Zoom | null;
  /** Text that is searched for within the trace. */
  readonly find: string;
}

/** Reads `?span=…&depth=2`; what is malformed counts as absent. */
export function readTraceState(search: string): TraceState {
  const query = new URLSearchParams(search);
  const depth = readMatching(query, 'depth', /^\d{1,4}$/);
  return {
    span: readMatching(query, 'span', /^[0-9a-f]{16}$/),
    depth: depth === null ? null : Number(depth),
    toggled: readIds(query, 'toggled'),
    unfolded: readIds(query, 'unfolded'),
    zoom: readZoom(query),
    find: query.get('find') ?? '',
  };
}

function readZoom(query: URLSearchParams): Zoom | null {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(query.get('zoom') ?? '');
  if (match === null) return null;
  const from = Number(match[1]);
  const to = Number(match[2]);
  return from < to ? { from, to } : null;
}

/** The URL's search part for a state; defaults are left out. */
export function writeTraceState(state: TraceState): string {
  const { zoom } = state;
  return writeParameters([
    ['span', state.span],
    ['depth', state.depth === null ? null : String(state.depth)],
    ['toggled', writeIds(state.toggled)],
    ['unfolded', writeIds(state.unfolded)],
    ['zoom', zoom === null ? null : `${Math.round(zoom.from)}-${Math.round(zoom.to)}`],
    ['find', state.find],
  ]);
}
