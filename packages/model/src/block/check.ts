import { err, ok, type Result } from '../result.ts';
import { EVIDENCE_KINDS, OBSERVATION_POINTS, SPAN_KINDS, SPAN_STATUSES } from '../span.ts';
import { type NativeBlock, type NativeColumn, readNative } from './native-reader.ts';
import { SPAN_COLUMNS, type SpanColumnName } from './schema.ts';
import { ColumnValues } from './values.ts';

/** Columns of small numbers that index a list of the model. */
const LIMITS: readonly (readonly [SpanColumnName, number])[] = [
  ['kind', SPAN_KINDS.length],
  ['observation_point', OBSERVATION_POINTS.length],
  ['status', SPAN_STATUSES.length],
  ['evidence_kind', EVIDENCE_KINDS.length],
];
const LINK_COLUMNS = ['link_span_id', 'link_confidence', 'link_chosen', 'link_evidence_count'] as const;
const EVIDENCE_COLUMNS = ['evidence_kind', 'evidence_key', 'evidence_confidence'] as const;

/**
 * Whether bytes are exactly one wire block: its columns and types, all lengths and offsets, indexes within
 * their lists, links and evidence in step. Cheap (no string is decoded), and safe on any bytes.
 * @returns the number of spans, or a sentence that says what is wrong
 */
export function checkBlock(bytes: Uint8Array): Result<{ rows: number }> {
  const blocks = readNative(bytes, 1);
  if (!blocks.ok) return blocks;
  const block = blocks.value[0];
  if (block === undefined) return err('empty block');
  const problem = checkColumns(block, new ColumnValues(bytes));
  return problem === null ? ok({ rows: block.rows }) : err(problem);
}

function checkColumns(block: NativeBlock, values: ColumnValues): string | null {
  if (block.columns.length !== SPAN_COLUMNS.length)
    return `${block.columns.length} columns instead of ${SPAN_COLUMNS.length}`;
  const columns = new Map<string, NativeColumn>();
  for (let i = 0; i < SPAN_COLUMNS.length; i++) {
    const wanted = SPAN_COLUMNS[i]!;
    const column = block.columns[i]!;
    if (column.name !== wanted.name || column.type !== wanted.type) {
      return `column ${i + 1} is not ${wanted.name} ${wanted.type}`;
    }
    columns.set(column.name, column.data);
  }
  for (const [name, limit] of LIMITS) {
    const column = columns.get(name)!;
    const plain = column.form === 'array' ? column.items : column;
    for (let i = 0; i < plain.count; i++) {
      if (values.u8(plain, i) >= limit) return `column ${name} has a value out of range`;
    }
  }
  for (const group of [LINK_COLUMNS, EVIDENCE_COLUMNS]) {
    for (const name of group) {
      if (!sameEnds(columns.get(group[0])!, columns.get(name)!)) return `column ${name} is out of step`;
    }
  }
  return checkEvidenceCounts(columns, values, block.rows);
}

function sameEnds(a: NativeColumn, b: NativeColumn): boolean {
  if (a.form !== 'array' || b.form !== 'array') return false;
  for (let i = 0; i < a.ends.length; i++) if (a.ends[i] !== b.ends[i]) return false;
  return true;
}

function checkEvidenceCounts(
  columns: ReadonlyMap<string, NativeColumn>,
  values: ColumnValues,
  rows: number,
): string | null {
  const counts = columns.get('link_evidence_count')!;
  const evidence = columns.get('evidence_kind')!;
  if (counts.form !== 'array' || evidence.form !== 'array') return 'links are no arrays';
  let link = 0;
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    for (; link < counts.ends[row]!; link++) sum += values.u16(counts.items, link);
    if (sum !== evidence.ends[row]) return 'evidence is out of step with its links';
  }
  return null;
}
