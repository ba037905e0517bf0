import type { TraceJson } from '@weft/model';
import { formatDuration } from '../format/duration.ts';
import { formatCount, plural } from '../format/quantity.ts';
import { formatMoment, toMillis } from '../format/time.ts';
import { serviceColor } from '../look/service-color.ts';
import { explainLoss } from './explain.ts';
import { isUntraced, type Row } from './rows.ts';

/** What the trace is, how long it took, and whether each cause in it is known. */
export function TraceTitle({ trace }: { readonly trace: TraceJson }) {
  const root = trace.spans[0];
  if (root === undefined) return null;
  const services = new Set(trace.spans.map((span) => span.service)).size;
  const errors = trace.spans.filter((span) => span.status === 'error').length;
  const { linked } = trace.completeness;
  return (
    <>
      <h1 className="trace-title clip">
        <span className="dot" style={{ '--dot': serviceColor(root.service) }} />
        <span className="trace-service">{root.service}</span>
        <span className="mono clip">{root.name}</span>
      </h1>
      <span className="trace-duration number">{formatDuration(durationOf(trace))}</span>
      <span className="muted number trace-count">
        {plural(services, 'service')} · {plural(trace.spans.length, 'span')}
      </span>
      <time className="muted number trace-time">{formatMoment(toMillis(root.startTimeUnixNano))}</time>
      {errors > 0 && <span className="chip bad">{plural(errors, 'error')}</span>}
      {linked < 1 ? (
        <span className="chip warn" title="Spans with a known cause, of all spans">
          {Math.floor(linked * 100)} % linked
        </span>
      ) : (
        <span className="chip" title="Each span’s cause is known.">
          all linked
        </span>
      )}
    </>
  );
}

/** Says what is missing of the trace; nothing where nothing is. */
export function TraceNotes({ trace, rows }: { readonly trace: TraceJson; readonly rows: readonly Row[] }) {
  const { incomplete, lost } = trace.completeness;
  const untraced = rows.filter(isUntraced).length;
  const losses = Object.entries(lost).filter(([, count]) => count > 0);
  const lostEvents = losses.reduce((sum, [, count]) => sum + count, 0);
  if (trace.settled && !trace.truncated && incomplete + untraced + lostEvents === 0) return null;
  return (
    <ul className="trace-notes" aria-label="What is missing">
      {!trace.settled && (
        <li className="chip warn" title="Not all agents have shipped what happened until this trace’s end.">
          <span className="dot good pulse" /> more may come
        </li>
      )}
      {trace.truncated && (
        <li className="chip bad" title="The trace is larger than what is read at once.">
          truncated: there is more than what is shown
        </li>
      )}
      {incomplete > 0 && <li className="chip warn">{plural(incomplete, 'request')} without an answer</li>}
      {untraced > 0 && (
        <li className="chip" title="Their other side was not seen: it is not traced, or was lost.">
          {plural(untraced, 'call')} to what is not traced
        </li>
      )}
      {losses.map(([cause, count]) => (
        <li key={cause} className="chip warn" title="In the minutes of this trace, on any host.">
          lost at that time: {formatCount(count)} {explainLoss(cause)}
        </li>
      ))}
    </ul>
  );
}

/** ns from the earliest start to the latest end. */
function durationOf({ spans }: TraceJson): number {
  let start: bigint | null = null;
  let end = 0n;
  for (const span of spans) {
    const from = BigInt(span.startTimeUnixNano);
    const to = from + BigInt(span.durationNano);
    if (start === null || from < start) start = from;
    if (to > end) end = to;
  }
  return Number(end - (start ?? end));
}
