import './detail.css';
import { serviceColor } from '../../look/service-color.ts';
import type { TraceState } from '../../url/trace-state.ts';
import type { CriticalPath } from '../critical-path.ts';
import { explainPoint } from '../explain.ts';
import { innerSpan, type Row, type TraceRows } from '../rows.ts';
import { AttributeList } from './attribute-list.tsx';
import { Exchange } from './exchange.tsx';
import { Links } from './links.tsx';
import { Times } from './times.tsx';

/** All that is known of the selected span, and why it is where it is. */
export function Detail({
  model,
  row,
  spanId,
  path,
  change,
}: {
  readonly model: TraceRows;
  readonly row: Row;
  readonly spanId: string;
  readonly path: CriticalPath;
  readonly change: (part: Partial<TraceState>) => void;
}) {
  const span = row.spans.find((candidate) => candidate.spanId === spanId) ?? row.spans[0];
  const inner = innerSpan(row);
  const onSelect = (id: string) => change({ span: id });
  return (
    <aside className="detail" data-scrolls tabIndex={-1} aria-label="Selected span">
      <header className="detail-head">
        <div>
          <h2>
            <span className="dot" style={{ '--dot': serviceColor(inner.service) }} /> {inner.service}
          </h2>
          <p className="mono detail-name">{span.name}</p>
        </div>
        <button
          type="button"
          className="button plain"
          onClick={() => change({ span: null })}
          aria-label="Close the details"
        >
          <kbd>Esc</kbd>
        </button>
      </header>
      {row.spans.length > 1 && <Exchange row={row} />}
      <section>
        <h3>Why it belongs here</h3>
        <Links row={row} model={model} onSelect={onSelect} />
      </section>
      <section>
        <h3>Time</h3>
        <Times row={row} span={span} model={model} path={path} />
      </section>
      <section>
        {row.spans.length > 1 && (
          <div className="tabs" role="tablist" aria-label="Seen by">
            {row.spans.map((member) => (
              <button
                key={member.spanId}
                type="button"
                role="tab"
                aria-selected={member === span}
                onClick={() => onSelect(member.spanId)}
              >
                {member.service} <span className="muted">{explainPoint(member.observationPoint)}</span>
              </button>
            ))}
          </div>
        )}
        <AttributeList span={span} />
      </section>
    </aside>
  );
}
