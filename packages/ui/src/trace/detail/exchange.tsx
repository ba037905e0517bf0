import { formatDuration } from '../../format/duration.ts';
import { serviceColor } from '../../look/service-color.ts';
import { innerSpan, type Row } from '../rows.ts';

/** One request at both of its ends: what the server took, and what was lost on the way there and back. */
export function Exchange({ row }: { readonly row: Row }) {
  const outer = row.spans[0];
  const inner = innerSpan(row);
  const there = row.innerStart - row.start;
  const back = row.start + row.duration - (row.innerStart + row.innerDuration);
  const clocksDiffer = there < 0 || back < 0;
  const share = (nanos: number) => `${Math.max(0, Math.min(1, nanos / Math.max(1, row.duration))) * 100}%`;
  return (
    <section className="exchange" style={{ '--service': serviceColor(inner.service) }}>
      <div className="exchange-bars" aria-hidden="true">
        <i className="exchange-outer" />
        <i className="exchange-inner" style={{ left: share(there), width: share(row.innerDuration) }} />
      </div>
      <dl className="exchange-facts">
        <div>
          <dt>{outer.service} waited</dt>
          <dd className="number">{formatDuration(row.duration)}</dd>
        </div>
        <div>
          <dt>{inner.service} took</dt>
          <dd className="number">{formatDuration(row.innerDuration)}</dd>
        </div>
        <div>
          <dt>network and queue</dt>
          <dd className="number">{formatDuration(Math.max(0, row.duration - row.innerDuration))}</dd>
        </div>
      </dl>
      <p className="muted exchange-ways">
        {clocksDiffer
          ? 'The two hosts’ clocks differ: only the durations can be compared.'
          : `${formatDuration(there)} until ${inner.service} had the request, ${formatDuration(back)} until ${outer.service} had the answer.`}
      </p>
    </section>
  );
}
