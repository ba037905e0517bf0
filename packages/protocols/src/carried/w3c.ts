import type { CarriedIds } from '../protocol.ts';
import { isHexId } from './hex.ts';

const DASH = 45;
const LENGTH_OF_00 = 55;

/**
 * W3C Trace Context `traceparent` (§3.2): `00-<32 hex>-<16 hex>-<2 hex>`. Version 00 is exact; of a later
 * version the known part is read, as §4.3 asks; `ff`, upper case and zero ids are invalid.
 */
export function parseTraceparent(value: string): CarriedIds | null {
  if (value.length < LENGTH_OF_00) return null;
  if (value.charCodeAt(2) !== DASH || value.charCodeAt(35) !== DASH || value.charCodeAt(52) !== DASH)
    return null;
  if (!value.startsWith('00') && !laterVersion(value)) return null;
  if (value.startsWith('00') && value.length !== LENGTH_OF_00) return null;
  if (!isHexId(value, 3, 35) || !isHexId(value, 36, 52)) return null;
  if (!isHexByte(value, 53)) return null;
  return { traceId: value.slice(3, 35), spanId: value.slice(36, 52) };
}

function laterVersion(value: string): boolean {
  if (!isHexByte(value, 0) || value.startsWith('ff')) return false;
  return value.length === LENGTH_OF_00 || value.charCodeAt(LENGTH_OF_00) === DASH;
}

function isHexByte(value: string, at: number): boolean {
  return isHexId(value, at, at + 2) || value.startsWith('00', at);
}
