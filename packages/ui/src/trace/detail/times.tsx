import type { SpanJson } from '@weft/model';
import { formatDuration, formatShare } from '../../format/duration.ts';
import { formatMoment, toMillis } from '../../format/time.ts';
import { type CriticalPath, selfTime } from '../critical-path.ts';
import { isUntraced, type Row, type TraceRows } from '../rows.ts';

/** When the selected span was, and what part it has in how long the trace took. */
export function Times({
  row,
  span,
  model,
  path,
}: {
  readonly row: Row;
  readonly span: SpanJson;
  readonly model: TraceRows;
  readonly path: CriticalPath;
}) {
  const begin = Number(BigInt(span.startTimeUnixNano) - model.origin);
  const waited = (path.segments.get(row.index) ?? []).reduce((sum, { from, to }) => sum + to - from, 0);
  return (
    <dl className="facts">
      <Fact
        name="started"
        value={`${formatMoment(toMillis(span.startTimeUnixNano))} (+${formatDuration(begin)})`}
      />
      <Fact name="took" value={formatDuration(Number(span.durationNano))} />
      {!isUntraced(row) && (
        <Fact name="without its calls" value={formatDuration(selfTime(row, model.rows))} />
      )}
      <Fact
        name="on the critical path"
        value={
          waited === 0
            ? 'no: it ran beside what took longer'
            : `${formatDuration(waited)}, ${formatShare(waited / path.total)}`
        }
      />
      <Fact
        name="status"
        value={span.attributes['weft.incomplete'] === true ? 'no answer was seen' : span.status}
      />
    </dl>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="number">{value}</dd>
    </div>
  );
}
