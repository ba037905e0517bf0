import type { SpanId, SpanJson } from '@weft/model';

/** The spans of one call, by where they were seen. */
export interface SeenCall {
  readonly client: SpanJson[];
  readonly server: SpanJson[];
  /** At interfaces between, or by the application itself. */
  readonly others: SpanJson[];
}

/** Spans and the calls that they show. */
export interface Sighting {
  readonly calls: ReadonlyMap<string, SeenCall>;
  readonly spans: ReadonlyMap<SpanId, SpanJson>;
  readonly callOf: ReadonlyMap<SpanId, string>;
  /** Rows that the answer held more than once. */
  readonly repeatedRows: number;
}

/** Where an id is looked for first; then in every other attribute. */
const FIRST = ['url.path', 'url.query', 'db.query.text', 'messaging.message.conversation_id'] as const;

function findCall(text: string, known: (id: string) => boolean): string | null {
  for (const token of text.match(/[A-Za-z0-9_-]{6,}/g) ?? []) {
    if (known(token)) return token;
    // `job_1f0c…` or `user-1f0c…`: the id may be a part of a word.
    for (const part of token.split(/[_-]/)) if (known(part)) return part;
  }
  return null;
}

/** The call whose id a span shows in any text attribute; null when it shows none. */
export function callShownBy(span: SpanJson, known: (id: string) => boolean): string | null {
  for (const name of FIRST) {
    const value = span.attributes[name];
    if (typeof value !== 'string') continue;
    const call = findCall(value, known);
    if (call !== null) return call;
  }
  for (const value of Object.values(span.attributes)) {
    if (typeof value !== 'string') continue;
    const call = findCall(value, known);
    if (call !== null) return call;
  }
  return null;
}

/** Finds each call's spans by its id. */
export function matchSpans(all: Iterable<SpanJson>, known: (id: string) => boolean): Sighting {
  const calls = new Map<string, SeenCall>();
  const spans = new Map<SpanId, SpanJson>();
  const callOf = new Map<SpanId, string>();
  let repeatedRows = 0;
  for (const span of all) {
    if (spans.has(span.spanId)) {
      repeatedRows++;
      continue;
    }
    spans.set(span.spanId, span);
    const call = callShownBy(span, known);
    if (call === null) continue;
    callOf.set(span.spanId, call);
    let seen = calls.get(call);
    if (seen === undefined) {
      seen = { client: [], server: [], others: [] };
      calls.set(call, seen);
    }
    if (span.observationPoint === 'client-process') seen.client.push(span);
    else if (span.observationPoint === 'server-process') seen.server.push(span);
    else seen.others.push(span);
  }
  return { calls, spans, callOf, repeatedRows };
}
