import type { TraceJson } from '@weft/model';
import { formatDuration } from '../format/duration.ts';
import { formatCount, plural } from '../format/quantity.ts';
import { formatMoment, toMillis } from '../format/time.ts';
import { serviceColor } from '../look/service-color.ts';
import { explainLoss } from './explain.ts';
import { isUntraced, traceRows } from './rows.ts';

/** What the trace is, how long it took, and how much of it is here. */
export function TraceTitle({ trace }: { readonly trace: TraceJson }) {
  const root = trace.spans[0];
  if (root === undefined) return null;
  const { duration, rows } = traceRows(trace);
  const services = new Set(trace.spans.map((span) => span.service)).size;
  const errors = trace.spans.filter((span) => span.status === 'error').length;
  return (
    <>
      <h1 className="trace-title clip">
        <span className="dot" style={{ '--dot': serviceColor(root.service) }} />
        <span className="trace-service">{root.service}</span>
        <span className="mono clip">{root.name}</span>
      </h1>
      <span className="trace-duration number">{formatDuration(duration)}</span>
      <span className="muted number trace-count">
        {plural(services, 'service')} · {plural(trace.spans.length, 'span')}
      </span>
      <time className="muted number trace-time">{formatMoment(toMillis(root.startTimeUnixNano))}</time>
      {errors > 0 && <span className="chip bad">{plural(errors, 'error')}</span>}
      <Completeness trace={trace} untraced={rows.filter(isUntraced).length} />
    </>
  );
}

/** Says honestly what is missing, and that nothing is where nothing is. */
function Completeness({ trace, untraced }: { readonly trace: TraceJson; readonly untraced: number }) {
  const { linked, incomplete, lost } = trace.completeness;
  const losses = Object.entries(lost).filter(([, count]) => count > 0);
  const lostEvents = losses.reduce((sum, [, count]) => sum + count, 0);
  return (
    <span className="completeness">
      {!trace.settled && (
        <span className="chip warn" title="Not all agents have shipped what happened until this trace’s end.">
          <span className="dot good pulse" /> more may come
        </span>
      )}
      {linked < 1 ? (
        <span className="chip warn" title="Spans with a known cause, of all spans">
          {Math.floor(linked * 100)} % linked
        </span>
      ) : (
        <span className="chip" title="Each span’s cause is known.">
          all linked
        </span>
      )}
      {incomplete > 0 && <span className="chip warn">{plural(incomplete, 'request')} without an answer</span>}
      {untraced > 0 && (
        <span className="chip" title="Calls whose other side was not seen">
          {plural(untraced, 'call')} to what is not traced
        </span>
      )}
      {lostEvents > 0 && (
        <span
          className="chip warn"
          title={losses
            .map(([cause, count]) => `${formatCount(count)} × ${explainLoss(cause)}`)
            .concat('in the minutes of this trace, on any host')
            .join('\n')}
        >
          {formatCount(lostEvents)} lost around it
        </span>
      )}
      {trace.truncated && (
        <span className="chip bad" title="The trace is larger than what is read at once.">
          truncated
        </span>
      )}
    </span>
  );
}
