import { ascii } from '../bytes.ts';
import type { RankedIds } from '../carried/carried.ts';
import { addNamed, type CarriedNames, carriedNames, idText } from '../carried/names.ts';
import type { ParserOptions } from '../protocol.ts';
import { fieldAt, value } from './fields.ts';
import { lineStarts } from './lines.ts';

interface Carrier {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** The fields that carry ids, by the code of their first letter. */
export interface Carriers {
  readonly byLetter: readonly (readonly Carrier[] | undefined)[];
  readonly names: CarriedNames;
}

const FIELD_NAME = /^[a-z][a-z0-9_.-]*$/;
let latest: Carriers | null = null;

/** The fields that a parser looks for: one table, as long as all connections are told the same. */
export function carriersOf(options: ParserOptions): Carriers {
  const names = carriedNames(options);
  if (latest === null || latest.names !== names) latest = create(names);
  return latest;
}

function create(names: CarriedNames): Carriers {
  const byLetter: (Carrier[] | undefined)[] = Array.from({ length: 256 }, () => undefined);
  for (const name of names.readings.keys()) {
    if (!FIELD_NAME.test(name)) continue;
    const code = name.charCodeAt(0);
    byLetter[code] ??= [];
    // As `nameAt` compares: it also sets that bit of `_`.
    byLetter[code].push({ bytes: ascii(name).map((byte) => byte | 0x20), name });
  }
  return { byLetter, names };
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
    const { bytes: name, name: text } = candidates[i]!;
    if (!fieldAt(bytes, line, name, end)) continue;
    return addNamed(best, carriers.names, text, idText(bytes, value.from, value.to));
  }
  return best;
}
