import type { SpanJson } from '@weft/model';
import { type MouseEvent, memo } from 'react';
import { formatDuration, formatShare } from '../format/duration.ts';
import { serviceColor } from '../look/service-color.ts';
import type { Zoom } from '../url/trace-state.ts';
import type { CriticalSegment } from './critical-path.ts';
import { explainPoint } from './explain.ts';
import type { Line } from './lines.ts';
import { innerSpan, isUntraced, originOf, type Row, untracedHop, worstSpan } from './rows.ts';
import { span as stretch } from './timeline.ts';

/** Levels that are drawn as such; deeper ones stand no further right. */
const MAX_INDENT = 24;

/** One line of the waterfall: tree, service, request; why it is there; its bars. Drawn again only when it changes: scrolling is quick. */
export const WaterfallLine = memo(function WaterfallLine({
  id,
  line,
  parentRow,
  top,
  view,
  critical,
  share,
  selected,
  dimmed,
  onSelect,
  onToggle,
}: {
  readonly id: string;
  readonly line: Line;
  readonly parentRow: Row | null;
  readonly top: number;
  readonly view: Zoom;
  readonly critical: readonly CriticalSegment[] | undefined;
  /** Of the critical path, where it is worth a word. */
  readonly share: number | null;
  readonly selected: boolean;
  readonly dimmed: boolean;
  readonly onSelect: (spanId: string) => void;
  readonly onToggle: (rowId: string) => void;
}) {
  const { row, member, depth, collapsed } = line;
  const span = member === null ? innerSpan(row) : row.spans[member]!;
  const shownId = member === null ? row.id : span.spanId;
  const hasChildren = row.end > row.index + 1 && (member === null || member === row.spans.length - 1);
  const below = row.end - row.index - 1;
  const toggle = (event: MouseEvent) => {
    event.stopPropagation();
    onToggle(row.id);
  };
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and names its active line
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys come by the table of keys
    <div
      id={id}
      role="treeitem"
      aria-level={depth + 1}
      aria-selected={selected}
      aria-expanded={hasChildren ? !collapsed : undefined}
      className={`line ${selected ? 'selected' : ''} ${dimmed ? 'dimmed' : ''}`}
      style={{ transform: `translateY(${top}px)`, '--service': serviceColor(span.service) }}
      onClick={() => onSelect(shownId)}
    >
      <div className="line-name" style={{ '--depth': Math.min(depth, MAX_INDENT) }}>
        {hasChildren ? (
          <button
            type="button"
            tabIndex={-1}
            className={`twist ${collapsed ? 'closed' : ''}`}
            aria-label={collapsed ? 'Expand' : 'Collapse'}
            onClick={toggle}
          />
        ) : (
          <span className="twist-none" />
        )}
        <Name row={row} span={span} member={member} parentRow={parentRow} />
        {collapsed && <span className="chip line-below">+{below}</span>}
      </div>
      <Why row={row} member={member} />
      <span className="line-duration number">
        {formatDuration(Number(span === row.spans[0] || member === null ? row.duration : span.durationNano))}
      </span>
      <Bars line={line} span={span} view={view} critical={critical} share={share} />
    </div>
  );
});

function Name({
  row,
  span,
  member,
  parentRow,
}: {
  readonly row: Row;
  readonly span: SpanJson;
  readonly member: number | null;
  readonly parentRow: Row | null;
}) {
  const untraced = member === null && isUntraced(row) && parentRow !== null;
  // A call that only its maker saw: its service stands in the line above already.
  const hop = member === null || member === 0 ? untracedHop(row.spans[0]) : null;
  const repeats = untraced && innerSpan(parentRow).service === span.service;
  return (
    <>
      <span className={`service-mark ${untraced ? 'hollow' : ''}`} />
      <span className="line-text clip">
        {parentRow === null && span !== row.spans[0] && (
          <span className="line-caller">{row.spans[0].service} → </span>
        )}
        {!repeats && <span className="line-service">{span.service}</span>}
        <span className="mono line-request">
          {untraced ? '→ ' : ''}
          {span.name}
        </span>
        {untraced && <span className="line-note">{peerOf(span)} not traced</span>}
        {hop !== null && <span className="line-note">behind {hop === '' ? 'a hop' : hop}, untraced</span>}
        {member !== null && <span className="line-note">{explainPoint(span.observationPoint)}</span>}
      </span>
      <Outcome span={member === null ? worstSpan(row) : span} />
    </>
  );
}

function peerOf({ attributes }: SpanJson): string {
  const address = attributes['server.address'] ?? attributes['network.peer.address'];
  const port = attributes['server.port'] ?? attributes['network.peer.port'];
  return address === undefined ? '' : `${address}${port === undefined ? '' : `:${port}`}`;
}

/** Only what is not as it should be. */
function Outcome({ span }: { readonly span: SpanJson }) {
  if (span.attributes['weft.incomplete'] === true)
    return <span className="chip warn line-outcome">no answer</span>;
  if (span.status !== 'error') return null;
  const code = span.attributes['http.response.status_code'] ?? span.attributes['rpc.grpc.status_code'];
  return <span className="chip bad line-outcome">{code ?? 'error'}</span>;
}

/** The strongest evidence of the link that hangs this line where it hangs. */
function Why({ row, member }: { readonly row: Row; readonly member: number | null }) {
  const origin = originOf(row.spans[member ?? 0]!);
  switch (origin.kind) {
    case 'linked': {
      const { evidence, confidence } = origin.link;
      const best = evidence.reduce((a, b) => (b.confidence > a.confidence ? b : a), evidence[0]!);
      return (
        <span className={`line-why ${confidence < 0.8 ? 'weak' : ''}`}>
          {best?.kind} <span className="number">{confidence.toFixed(2)}</span>
        </span>
      );
    }
    case 'parent-not-seen':
      return <span className="line-why weak">caller not stored</span>;
    case 'candidates':
      return <span className="line-why weak">unlinked, {origin.links.length} possible</span>;
    case 'none':
      return (
        <span className="line-why">
          {row.parent < 0 && row.index === 0 ? 'root' : row.parent < 0 ? 'no cause seen' : ''}
        </span>
      );
  }
}

function Bars({
  line: { row, member },
  span,
  view,
  critical,
  share,
}: {
  readonly line: Line;
  readonly span: SpanJson;
  readonly view: Zoom;
  readonly critical: readonly CriticalSegment[] | undefined;
  readonly share: number | null;
}) {
  const isOuter = member === null || member === 0;
  const isInner = member === null || member === row.spans.length - 1;
  const outer = isOuter ? stretch(view, row.start, row.start + row.duration) : null;
  const inner =
    isInner && !isUntraced(row) ? stretch(view, row.innerStart, row.innerStart + row.innerDuration) : null;
  const whole = outer ?? inner;
  return (
    <div className={`timeline ${span.status === 'error' ? 'failed' : ''}`} aria-hidden="true">
      {outer !== null && <i className="bar outer" style={percent(outer)} />}
      {inner !== null && <i className="bar inner" style={percent(inner)} />}
      {critical?.map(({ from, to, part }) => {
        const piece = stretch(view, from, to);
        return piece === null ? null : <i key={from} className={`critical ${part}`} style={percent(piece)} />;
      })}
      {share !== null && whole !== null && (
        <span className="bar-share number" style={{ left: `calc(${whole.left + whole.width}% + 6px)` }}>
          {formatShare(share)}
        </span>
      )}
    </div>
  );
}

function percent({ left, width }: { left: number; width: number }): { left: string; width: string } {
  return { left: `${left}%`, width: `${width}%` };
}
