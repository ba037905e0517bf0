import { keyedHash } from '@weft/model';
import type { CarriedIds } from '../protocol.ts';
import { isHexId, paddedHexId } from './hex.ts';

const HIGH = 0x1_0000_0000;

/**
 * A trace id that is a text of its vendor's own as the 32 hex digits that joining needs: itself if that is what it is, else
 * a hash of it, the same on every host.
 */
function ofText(text: string, spanId: string | null): CarriedIds {
  const lower = text.toLowerCase();
  if (lower.length === 32 && isHexId(lower, 0, 32)) return { traceId: lower, spanId };
  return { traceId: keyedHash(text) + keyedHash(`trace ${text}`), spanId, original: text };
}

function base64Text(text: string): string | null {
  return /^[A-Za-z0-9+/]{2,400}={0,2}$/.test(text) && text.replaceAll('=', '').length % 4 !== 1
    ? atob(text.replaceAll('=', ''))
    : null;
}

/**
 * SkyWalking's `sw8: 1-{trace id}-{segment}-{span}-…` (Cross Process Propagation Headers Protocol v3) and `sw6`
 * (v2), ids in Base64. The sender's span is one of its segment: both together make the span id.
 */
export function parseSkywalking(value: string): CarriedIds | null {
  const parts = value.split('-', 5);
  const [sampled, trace, segment, span] = parts;
  if ((sampled !== '0' && sampled !== '1') || trace === undefined || segment === undefined) return null;
  const traceId = base64Text(trace);
  const segmentId = base64Text(segment);
  if (traceId === null || segmentId === null || span === undefined || !/^\d{1,9}$/.test(span)) return null;
  return ofText(traceId, keyedHash(`${segmentId} ${span}`));
}

/** Datadog's `x-datadog-trace-id` and `-parent-id`: 64 bits in decimal. @returns 16 hex digits */
function hexOfDecimal(text: string): string | null {
  if (!/^\d{1,20}$/.test(text)) return null;
  let high = 0;
  let low = 0;
  for (let i = 0; i < text.length; i++) {
    low = low * 10 + text.charCodeAt(i) - 48;
    high = high * 10 + Math.floor(low / HIGH);
    low %= HIGH;
  }
  if (high >= HIGH || (high === 0 && low === 0)) return null;
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** The lower half of the trace id; the upper one is in the tags. */
export function parseDatadogTraceId(value: string): CarriedIds | null {
  const low = hexOfDecimal(value);
  return low === null ? null : { traceId: low.padStart(32, '0'), spanId: null };
}

export function parseDatadogParentId(value: string): CarriedIds | null {
  const spanId = hexOfDecimal(value);
  return spanId === null ? null : { traceId: null, spanId };
}

/** The upper half of a trace id among `x-datadog-tags: _dd.p.tid=640cfd8d00000000,…`: 16 hex digits, or null. */
export function datadogUpperHalf(value: string): string | null {
  const match = /(?:^|,)_dd\.p\.tid=([0-9a-f]{16})(?:,|$)/.exec(value);
  return match === null ? null : match[1]!;
}

/** AWS `X-Amzn-Trace-Id: Root=1-{8 hex}-{24 hex};Parent={16 hex};Sampled=1`. */
export function parseAmazon(value: string): CarriedIds | null {
  const root = /(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)/i.exec(value);
  if (root === null) return null;
  const traceId = paddedHexId(root[1]! + root[2]!, 32);
  const parent = /(?:^|;)\s*Parent=([0-9a-f]{16})(?:;|$)/i.exec(value);
  return traceId === null ? null : { traceId, spanId: parent === null ? null : paddedHexId(parent[1]!, 16) };
}

const SHORTEST_TEXT = 6;
const LONGEST_TEXT = 200;

/** A trace id of somebody's own: any text of a length that names something. */
export function parseAnyText(value: string): CarriedIds | null {
  if (value.length < SHORTEST_TEXT || value.length > LONGEST_TEXT || /^[0-]*$/.test(value)) return null;
  return ofText(value, null);
}

/** SOFATracer's `sofaTraceId`: address, time, counter and process in some 25 to 40 hex digits. */
export function parseSofa(value: string): CarriedIds | null {
  return /^[0-9a-f]{20,64}$/i.test(value) ? ofText(value, null) : null;
}

/** A trace id under a name that is no vendor's: only one in the form of W3C's is sure to be one. */
export function parseNamelessTraceId(value: string): CarriedIds | null {
  return value.length === 32 && isHexId(value, 0, 32) ? { traceId: value, spanId: null } : null;
}

/** Alibaba's EagleEye: address, time, counter and process as some 25 to 32 digits and letters. */
export function parseEagleEye(value: string): CarriedIds | null {
  return /^[0-9a-zA-Z]{20,64}$/.test(value) ? ofText(value, null) : null;
}
