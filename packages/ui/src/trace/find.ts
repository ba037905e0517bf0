import type { SpanJson } from '@weft/model';
import type { Row } from './rows.ts';

/**
 * Indexes of the rows that match: `attribute=value` asks for exactly that, anything else for a part of the service, the name, an
 * id or a value. Case does not matter. Null when nothing is asked for.
 */
export function findRows(rows: readonly Row[], text: string): readonly number[] | null {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return null;
  const term = /^([a-z][\w.-]*)=(.*)$/.exec(wanted);
  const matches = (span: SpanJson): boolean =>
    (term !== null && hasAttribute(span, term[1]!, term[2]!)) || contains(span, wanted);
  return rows.filter((row) => row.spans.some(matches)).map((row) => row.index);
}

function hasAttribute(span: SpanJson, key: string, value: string): boolean {
  return Object.entries(span.attributes).some(
    ([name, own]) => name.toLowerCase() === key && String(own).toLowerCase() === value,
  );
}

function contains(span: SpanJson, wanted: string): boolean {
  if (span.service.toLowerCase().includes(wanted) || span.name.toLowerCase().includes(wanted)) return true;
  if (span.spanId.startsWith(wanted) || span.status === wanted) return true;
  for (const value of Object.values(span.attributes)) {
    if (typeof value === 'string' && value.toLowerCase().includes(wanted)) return true;
    if (typeof value === 'number' && String(value) === wanted) return true;
  }
  return false;
}
