import { SPAN_STATUSES, type SpanStatus } from '@weft/model';
import type { AttributeTerm } from '@weft/store';
import { HttpError } from './http-error.ts';

const HOUR = 3_600_000_000_000n;
const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1000;
const MAX_TERMS = 16;
/** What a DateTime64(9) can hold. */
const MAX_TIME = 9_200_000_000_000_000_000n;

/** Refuses parameters that the path does not know: a misspelt filter would silently match everything. */
export function onlyKnown(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      const rest = known.length === 0 ? 'this path takes none' : `this path takes ${known.join(', ')}`;
      throw new HttpError(400, `Unknown parameter ${JSON.stringify(name)}: ${rest}.`);
    }
  }
}

/** A moment in Unix ns; null when it is not given. */
export function time(query: URLSearchParams, name: string): bigint | null {
  const text = query.get(name);
  if (text === null || text === '') return null;
  if (!/^\d{1,19}$/.test(text) || BigInt(text) > MAX_TIME) {
    throw new HttpError(
      400,
      `Parameter ${name} is no time: give Unix nanoseconds, like 1760000000000000000.`,
    );
  }
  return BigInt(text);
}

/** The window of time that is asked for: by default the hour before `to`, and `to` a little after now. */
export function timeWindow(query: URLSearchParams, now: bigint): { from: bigint; to: bigint } {
  // Hosts' clocks may be a little ahead of this one.
  const to = time(query, 'to') ?? now + 60_000_000_000n;
  const given = time(query, 'from');
  const from = given ?? (to > HOUR ? to - HOUR : 0n);
  if (from > to) throw new HttpError(400, 'Parameter from is later than to: exchange them.');
  return { from, to };
}

/** A duration like `10ms` in ns; null when it is not given. */
export function duration(query: URLSearchParams, name: string): bigint | null {
  const text = query.get(name);
  if (text === null || text === '') return null;
  const match = /^(\d{1,12}(?:\.\d{1,9})?)(ns|us|µs|ms|s|m|h)$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!]!;
  if (!(value <= Number.MAX_SAFE_INTEGER)) {
    throw new HttpError(
      400,
      `Parameter ${name} is no duration: give a number with ns, us, ms, s, m or h, like 10ms.`,
    );
  }
  return BigInt(Math.round(value));
}

export function status(query: URLSearchParams): SpanStatus | null {
  const text = query.get('status');
  if (text === null || text === '') return null;
  const found = SPAN_STATUSES.find((known) => known === text);
  if (found === undefined)
    throw new HttpError(400, `Parameter status is none of ${SPAN_STATUSES.join(', ')}.`);
  return found;
}

export function limit(query: URLSearchParams): number {
  const text = query.get('limit');
  if (text === null || text === '') return DEFAULT_LIMIT;
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > MAX_LIMIT) {
    throw new HttpError(400, `Parameter limit must be 1 to ${MAX_LIMIT}: use cursor for more.`);
  }
  return value;
}

/** Text of a parameter, null when it is absent or empty. */
export function text(query: URLSearchParams, name: string): string | null {
  const value = query.get(name);
  return value === null || value === '' ? null : value;
}

/** The terms of `q`: `attribute=value`, apart by spaces; a value with spaces stands in double quotes. */
export function terms(query: URLSearchParams): AttributeTerm[] {
  const text = query.get('q') ?? '';
  const found: AttributeTerm[] = [];
  const pattern = /\s*([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|([^\s]*))|\s*(\S+)/gy;
  for (const match of text.matchAll(pattern)) {
    if (match[1] === undefined) {
      throw new HttpError(
        400,
        `Parameter q has no attribute=value in ${JSON.stringify(match[4])}: write one.`,
      );
    }
    const value = match[2] === undefined ? match[3]! : match[2].replace(/\\(.)/g, '$1');
    found.push({ key: match[1], value });
  }
  if (found.length > MAX_TERMS)
    throw new HttpError(400, `Parameter q has more than ${MAX_TERMS} terms: leave some out.`);
  return found;
}

/** A cursor is what an earlier answer gave as `nextCursor`: opaque to clients. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor, each matching its pattern; null when none is given. */
export function decodeCursor(query: URLSearchParams, patterns: readonly RegExp[]): string[] | null {
  const text = query.get('cursor');
  if (text === null || text === '') return null;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    parts = null;
  }
  const good =
    Array.isArray(parts) &&
    parts.length === patterns.length &&
    parts.every((part, i) => typeof part === 'string' && patterns[i]!.test(part));
  if (!good)
    throw new HttpError(400, 'Parameter cursor is not one that was given out: leave it out to begin anew.');
  return parts as string[];
}
