const TIMES = [
  parameter('from', 'Unix ns; default: an hour before `to`'),
  parameter('to', 'Unix ns; default: now'),
];
const FILTERS = [
  ...TIMES,
  parameter('service', 'Name of a service'),
  parameter('endpoint', 'Name of a span'),
  parameter('status', 'ok, error or unset'),
  parameter('minDuration', 'Like 10ms'),
  parameter('q', 'Terms `attribute=value`, apart by spaces'),
  parameter('limit', '1 to 1000, default 50'),
  parameter('cursor', '`nextCursor` of an earlier answer'),
];

function parameter(name: string, description: string): unknown {
  return { name, in: 'query', required: false, description, schema: { type: 'string' } };
}

function get(summary: string, parameters: readonly unknown[] = []): unknown {
  return { get: { summary, parameters, responses: { 200: { description: summary } } } };
}

/** `GET /openapi.json` */
export function openapi(version: string): unknown {
  const id = { name: 'traceId', in: 'path', required: true, schema: { type: 'string' } };
  return {
    openapi: '3.0.3',
    info: { title: 'Weft', version },
    paths: {
      '/api/v1/health': get('State, what is wrong with the store, and until when everything is stored'),
      '/api/v1/agents': get('Agents: tier, hooks, events, losses, CPU, memory, what they shed'),
      '/api/v1/services': get('Services with their endpoints and rates', TIMES),
      '/api/v1/traces': get('Traces of which any span matches, latest first', FILTERS),
      '/api/v1/traces/{traceId}': get('A whole trace, depth first', [id]),
      '/api/v1/spans': get('Spans that match, latest first', FILTERS),
      '/metrics': get('Metrics in the text format of Prometheus'),
    },
  };
}

/** `GET /` of a server without the page: what else is there. */
export function indexPage(version: string): string {
  const paths = [
    '/api/v1/health',
    '/api/v1/agents',
    '/api/v1/services',
    '/api/v1/traces',
    '/api/v1/spans',
    '/metrics',
    '/openapi.json',
  ];
  const items = paths.map((path) => `<li><a href="${path}">${path}</a></li>`).join('');
  return `<!doctype html><meta charset="utf-8"><title>Weft</title><h1>Weft ${version}</h1><ul>${items}</ul>`;
}
