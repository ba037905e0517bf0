import type { HashKey } from '@weft/model';
import { ascii, latin1 } from '../bytes.ts';
import {
  addCarried,
  addRequestId,
  CARRIER_NAMES,
  type CarrierName,
  type RankedIds,
} from '../carried/carried.ts';
import type { ParserOptions } from '../protocol.ts';
import { fieldAt, value } from './fields.ts';
import { lineStarts } from './lines.ts';

const LONGEST_VALUE = 512;

interface Carrier {
  readonly bytes: Uint8Array;
  /** Null: a further name of a request id. */
  readonly known: CarrierName | null;
  readonly name: string;
}

/** The fields that carry ids, by the code of their first letter. */
export interface Carriers {
  readonly byLetter: readonly (readonly Carrier[] | undefined)[];
  /** Names that were asked for besides the usual ones. */
  readonly further: readonly string[] | undefined;
  readonly key: HashKey | undefined;
}

const FIELD_NAME = /^[a-z][a-z0-9-]*$/;
let latest: Carriers | null = null;

/** The fields that a parser looks for: one table, as long as all connections are told the same. */
export function carriersOf({ requestIdNames, idKey }: ParserOptions): Carriers {
  if (latest === null || latest.further !== requestIdNames || latest.key !== idKey) {
    latest = create(requestIdNames, idKey);
  }
  return latest;
}

function create(further: readonly string[] | undefined, key: HashKey | undefined): Carriers {
  const byLetter: (Carrier[] | undefined)[] = Array.from({ length: 256 }, () => undefined);
  const add = (name: string, known: CarrierName | null) => {
    // Other names are properties of other protocols.
    if (!FIELD_NAME.test(name)) return;
    const code = name.charCodeAt(0);
    byLetter[code] ??= [];
    byLetter[code].push({ bytes: ascii(name), known, name });
  };
  for (const name of CARRIER_NAMES) add(name, name);
  for (const name of further ?? []) add(name, null);
  return { byLetter, further, key };
}

/** Adds the ids of line `line`, if it is a field that carries some. @param best of the earlier lines */
export function carrierAt(
  carriers: Carriers,
  bytes: Uint8Array,
  line: number,
  end: number,
  best: RankedIds | null,
): RankedIds | null {
  const candidates = carriers.byLetter[bytes[lineStarts[line]!]! | 0x20];
  if (candidates === undefined) return best;
  for (let i = 0; i < candidates.length; i++) {
    const { bytes: name, known, name: text } = candidates[i]!;
    if (!fieldAt(bytes, line, name, end)) continue;
    const id = latin1(bytes, value.from, Math.min(value.to, value.from + LONGEST_VALUE));
    return known === null
      ? addRequestId(best, text, id, carriers.key)
      : addCarried(best, known, id, carriers.key);
  }
  return best;
}
