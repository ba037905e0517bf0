import type { EndpointJson, ServiceJson } from '@weft/model';
import { useServices } from '../api/queries.ts';
import { formatDuration, formatShare } from '../format/duration.ts';
import { formatRate } from '../format/quantity.ts';
import { serviceColor } from '../look/service-color.ts';
import type { SearchState } from '../url/search-state.ts';

interface RailProps {
  readonly state: SearchState;
  readonly change: (part: Partial<SearchState>) => void;
}

/** Services with their rates and errors; the chosen one with its endpoints. Choosing again lifts the choice. */
export function ServiceRail({ state, change }: RailProps) {
  const services = useServices(state.range).data ?? [];
  return (
    <nav className="rail" aria-label="Services">
      <div className="rail-head">
        <span>Services</span>
        <span className="number">errors</span>
        <span className="number">req/s</span>
      </div>
      <ul>
        {services.map((service) => (
          <li key={service.service}>
            <Service service={service} state={state} change={change} />
          </li>
        ))}
        {state.service !== null && !services.some((known) => known.service === state.service) && (
          <li>
            <button
              type="button"
              className="rail-service"
              aria-pressed="true"
              onClick={() => change({ service: null, endpoint: null })}
            >
              <span className="clip">{state.service}</span>
            </button>
          </li>
        )}
      </ul>
    </nav>
  );
}

function Service({ service, state, change }: RailProps & { readonly service: ServiceJson }) {
  const { service: name, requests, errors, requestsPerSecond, endpoints } = service;
  const chosen = state.service === name;
  return (
    <>
      <button
        type="button"
        className="rail-service"
        aria-pressed={chosen}
        onClick={() => change({ service: chosen ? null : name, endpoint: null })}
      >
        <span className="clip">
          <span className="dot" style={{ '--dot': serviceColor(name) }} /> {name}
        </span>
        <span className="number rail-errors">{errors > 0 && formatShare(errors / requests)}</span>
        <span className="number muted">{requests > 0 && formatRate(requestsPerSecond)}</span>
      </button>
      {chosen && endpoints.length > 0 && (
        <ul className="rail-endpoints">
          <li className="rail-head">
            <span>Endpoints</span>
            <span className="number">p95</span>
          </li>
          {[...endpoints].sort(slowestFirst).map((endpoint) => (
            <li key={endpoint.endpoint}>
              <button
                type="button"
                className="rail-endpoint"
                aria-pressed={state.endpoint === endpoint.endpoint}
                onClick={() =>
                  change({ endpoint: state.endpoint === endpoint.endpoint ? null : endpoint.endpoint })
                }
                title={tooltip(endpoint)}
              >
                <span className={`mono clip ${endpoint.errors > 0 ? 'rail-errors' : ''}`}>
                  {endpoint.endpoint}
                </span>
                <span className="number muted">{formatDuration(Number(endpoint.p95Nano))}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function slowestFirst(a: EndpointJson, b: EndpointJson): number {
  return Number(b.p95Nano) - Number(a.p95Nano);
}

function tooltip({ endpoint, requests, errors, p50Nano, p95Nano, p99Nano }: EndpointJson): string {
  const [p50, p95, p99] = [p50Nano, p95Nano, p99Nano].map((nanos) => formatDuration(Number(nanos)));
  return `${endpoint}\n${requests} requests, ${errors} errors\np50 ${p50}, p95 ${p95}, p99 ${p99}`;
}
