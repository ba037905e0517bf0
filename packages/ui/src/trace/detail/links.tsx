import type { Evidence, EvidenceKind, Link, SpanJson } from '@weft/model';
import { explainEvidence } from '../explain.ts';
import { originOf, type Row, THRESHOLD, type TraceRows } from '../rows.ts';

interface LinksProps {
  readonly model: TraceRows;
  readonly onSelect: (spanId: string) => void;
}

/** For each observation of the row: its parent, and everything that speaks for that; then what else was possible. */
export function Links({ row, ...more }: LinksProps & { readonly row: Row }) {
  return (
    <div className="links">
      {row.spans.map((span, index) => (
        <SpanLinks key={span.spanId} span={span} isRoot={index === 0 && row.index === 0} {...more} />
      ))}
    </div>
  );
}

function SpanLinks({
  span,
  isRoot,
  ...more
}: LinksProps & { readonly span: SpanJson; readonly isRoot: boolean }) {
  const origin = originOf(span);
  switch (origin.kind) {
    case 'none':
      return (
        <p className="muted">
          {isRoot
            ? 'The trace begins here: nothing that was seen caused this request.'
            : 'Nothing that was seen speaks for any cause.'}
        </p>
      );
    case 'linked':
      return (
        <>
          <LinkCard link={origin.link} span={span} {...more} />
          <Others links={span.links.filter((link) => link !== origin.link)} span={span} {...more} />
        </>
      );
    case 'parent-not-seen':
      return (
        <>
          <p className="link-verdict">
            Its host knows the cause, but that span is not stored: it has not ended yet, or was lost.
          </p>
          <LinkCard link={origin.link} span={span} {...more} />
          <Others links={span.links.filter((link) => link !== origin.link)} span={span} {...more} />
        </>
      );
    case 'candidates':
      return (
        <>
          <p className="link-verdict">
            Unlinked: no candidate reaches {THRESHOLD.toFixed(2)}, and a wrong cause is worse than none.
          </p>
          {origin.links.map((link) => (
            <LinkCard key={link.spanId} link={link} span={span} {...more} />
          ))}
        </>
      );
  }
}

function Others({
  links,
  ...more
}: LinksProps & { readonly links: readonly Link[]; readonly span: SpanJson }) {
  if (links.length === 0) return null;
  return (
    <details className="link-others">
      <summary>
        {links.length === 1 ? 'One other cause was' : `${links.length} other causes were`} possible
      </summary>
      {links.map((link) => (
        <LinkCard key={link.spanId} link={link} {...more} />
      ))}
    </details>
  );
}

function LinkCard({
  link,
  span,
  model,
  onSelect,
}: LinksProps & { readonly link: Link; readonly span: SpanJson }) {
  const parent = parentOf(link, model);
  const same = link.evidence.some((evidence) => evidence.kind === 'tcp-seq');
  return (
    <div className={`link ${link.chosen ? '' : 'unchosen'}`}>
      <p className="link-line">
        <strong>{span.service}</strong> {same ? 'received the request of' : 'made this call while serving'}{' '}
        {parent === null ? (
          <span className="mono">span {link.spanId}</span>
        ) : (
          <button type="button" className="link-parent" onClick={() => onSelect(link.spanId)}>
            <strong>{parent.service}</strong> <span className="mono">{parent.name}</span>
          </button>
        )}
        {link.evidence.length > 1 && (
          <>
            , together <Confidence value={link.confidence} />
          </>
        )}
      </p>
      <ul>
        {[...byKind(link.evidence)].map(([kind, all]) => (
          <li key={kind} className="evidence" data-kind={kind}>
            {all.map(({ key, confidence }) => (
              <p key={key} className="evidence-head">
                <span className="evidence-kind">{kind}</span>
                <span className="mono clip evidence-key" title={key}>
                  {key}
                </span>
                <Confidence value={confidence} />
              </p>
            ))}
            <p className="muted">{explainEvidence(kind)}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** One kind may have several keys: two ways in which a goroutine came from another, say. */
function byKind(evidence: readonly Evidence[]): Map<EvidenceKind, Evidence[]> {
  const kinds = new Map<EvidenceKind, Evidence[]>();
  for (const one of evidence) {
    const all = kinds.get(one.kind);
    if (all === undefined) kinds.set(one.kind, [one]);
    else all.push(one);
  }
  return kinds;
}

function Confidence({ value }: { readonly value: number }) {
  const text = value.toFixed(value > 0.99 && value < 1 ? 3 : 2);
  return (
    <span className={`confidence ${value < THRESHOLD ? 'low' : ''}`} title={`confidence ${text}`}>
      <i style={{ '--confidence': value }} />
      <span className="number">{text}</span>
    </span>
  );
}

function parentOf(link: Link, { rows, rowOf }: TraceRows): SpanJson | null {
  const index = rowOf.get(link.spanId);
  if (index === undefined) return null;
  return rows[index]!.spans.find((span) => span.spanId === link.spanId) ?? null;
}
