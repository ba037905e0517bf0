import type { SpanJson } from '@weft/model';
import { Link } from '../../link.tsx';
import { NO_SEARCH, writeSearch } from '../../url/search-state.ts';
import { groupAttributes, searchTerm } from '../attributes.ts';

/** A span's attributes under headings; each leads to all traces that have the same. */
export function AttributeList({ span }: { readonly span: SpanJson }) {
  return (
    <div className="attributes">
      {groupAttributes(span.attributes).map(({ title, entries }) => (
        <div key={title}>
          <h3>{title}</h3>
          <dl>
            {entries.map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>
                  <Link
                    path="/"
                    search={writeSearch({ ...NO_SEARCH, q: searchTerm(key, value) })}
                    title="All traces with this"
                  >
                    {String(value)}
                  </Link>
                </dd>
              </div>
            ))}
          </dl>
        </div>
      ))}
      <div>
        <h3>Ids</h3>
        <dl>
          <div>
            <dt>span</dt>
            <dd>{span.spanId}</dd>
          </div>
          <div>
            <dt>trace</dt>
            <dd>{span.traceId}</dd>
          </div>
          <div>
            <dt>seen at</dt>
            <dd>{span.observationPoint}</dd>
          </div>
        </dl>
      </div>
    </div>
  );
}
