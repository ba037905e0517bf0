/** Facts that Envoy's configuration depends on. */
export interface EnvoySettings {
  readonly port: number;
  readonly upstreamPort: number;
  /** File that gets the truth log. */
  readonly truthLog: string;
}

/**
 * What gives each request that goes upstream an id of its own, as Envoy itself makes it (`x-request-id`), puts it into the path,
 * and keeps the id that is served for the log alone.
 */
const LUA = `
function envoy_on_request(handle)
  local headers = handle:headers()
  local call = string.gsub(headers:get("x-request-id"), "-", "")
  local serving = string.match(headers:get(":path"), "([^/]+)$")
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("truth", "call", call)
  metadata:set("truth", "serving", serving)
  headers:replace(":path", "/work/" .. call)
  headers:remove("x-request-id")
end`;

/**
 * Configuration of Envoy for the scenario, as the JSON that it takes: HTTP/1.1 on both sides, two worker threads, kept upstream
 * connections. The pair of ids is logged; a retry would send one id twice, so there is none.
 */
export function envoyConfig({ port, upstreamPort, truthLog }: EnvoySettings): string {
  const address = (at: number) => ({ socket_address: { address: '127.0.0.1', port_value: at } });
  const typed = (type: string, fields: object) => ({
    '@type': `type.googleapis.com/envoy.extensions.${type}`,
    ...fields,
  });
  const log = typed('access_loggers.file.v3.FileAccessLog', {
    path: truthLog,
    log_format: {
      text_format_source: {
        inline_string:
          '{"call":"%DYNAMIC_METADATA(truth:call)%","parent":"%DYNAMIC_METADATA(truth:serving)%"}\n',
      },
    },
  });
  const manager = typed('filters.network.http_connection_manager.v3.HttpConnectionManager', {
    stat_prefix: 'front',
    generate_request_id: true,
    stream_idle_timeout: '120s',
    access_log: [{ name: 'envoy.access_loggers.file', typed_config: log }],
    http_filters: [
      {
        name: 'envoy.filters.http.lua',
        typed_config: typed('filters.http.lua.v3.Lua', { default_source_code: { inline_string: LUA } }),
      },
      { name: 'envoy.filters.http.router', typed_config: typed('filters.http.router.v3.Router', {}) },
    ],
    route_config: {
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'node', timeout: '60s' } }],
        },
      ],
    },
  });
  const listener = {
    name: 'front',
    address: address(port),
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
    ],
  };
  const cluster = {
    name: 'node',
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: {
      cluster_name: 'node',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstreamPort) } }] }],
    },
    circuit_breakers: {
      thresholds: [{ max_connections: 1024, max_pending_requests: 4096, max_requests: 4096 }],
    },
  };
  return JSON.stringify({ static_resources: { listeners: [listener], clusters: [cluster] } }, null, 1);
}
