import type { CarriedIds } from '../protocol.ts';
import { paddedHexId } from './hex.ts';

const LONGEST = 96;

/**
 * Jaeger's `uber-trace-id: {trace}:{span}:{parent}:{flags}`, hex of varying length, the colons percent-encoded
 * by some clients.
 */
export function parseUber(value: string): CarriedIds | null {
  if (value.length > LONGEST) return null;
  const parts = value.replaceAll(/%3a/gi, ':').split(':');
  if (parts.length !== 4) return null;
  const traceId = paddedHexId(parts[0]!, 32);
  const spanId = paddedHexId(parts[1]!, 16);
  return traceId === null || spanId === null ? null : { traceId, spanId };
}
