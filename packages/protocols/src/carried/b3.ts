import type { CarriedIds } from '../protocol.ts';
import { paddedHexId } from './hex.ts';

/**
 * Zipkin's single header `b3: {TraceId}-{SpanId}-{State}-{Parent}`, the last two optional; `0`, `1`, `d` alone
 * decide sampling only and carry nothing.
 */
export function parseB3Single(value: string): CarriedIds | null {
  const dash = value.indexOf('-');
  if (dash < 0) return null;
  const next = value.indexOf('-', dash + 1);
  const traceId = b3TraceId(value.slice(0, dash));
  const spanId = b3SpanId(value.slice(dash + 1, next < 0 ? value.length : next));
  return traceId === null || spanId === null ? null : { traceId, spanId };
}

/** `X-B3-TraceId`: 16 or 32 hex digits; the short form is padded as Zipkin does. */
export function parseB3TraceId(value: string): CarriedIds | null {
  const traceId = b3TraceId(value);
  return traceId === null ? null : { traceId, spanId: null };
}

/** `X-B3-SpanId`: 16 hex digits. */
export function parseB3SpanId(value: string): CarriedIds | null {
  const spanId = b3SpanId(value);
  return spanId === null ? null : { traceId: null, spanId };
}

function b3TraceId(text: string): string | null {
  return text.length === 16 || text.length === 32 ? paddedHexId(text, 32) : null;
}

function b3SpanId(text: string): string | null {
  return text.length === 16 ? paddedHexId(text, 16) : null;
}
