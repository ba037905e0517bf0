import type { Epoch, SpanId, SpanRecord, TraceJson } from '@weft/model';
import { toNode } from '@weft/store';
import { traceJson } from './trace-json.ts';
import { weave } from './weave.ts';

/**
 * Assembles all traces of a set of spans that is here as a whole, as a replay has it: complete and settled.
 * The result depends on the set alone, not on the order of its members.
 * @param epoch moment 0 of the records' times
 * @returns traces by the start of their root
 */
export function assembleAll(records: readonly SpanRecord[], epoch: Epoch): TraceJson[] {
  const byId = new Map<SpanId, SpanRecord>();
  for (const record of records) {
    const other = byId.get(record.spanId);
    if (other === undefined || JSON.stringify(record) < JSON.stringify(other))
      byId.set(record.spanId, record);
  }
  const facts = { truncated: false, settled: true, lost: {} };
  return weave([...byId.values()].map(toNode)).map((trace) => traceJson(trace, byId, epoch, facts));
}
