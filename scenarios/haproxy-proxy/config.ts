/** Facts that HAProxy's configuration depends on. */
export interface HaproxySettings {
  readonly port: number;
  readonly upstreamPort: number;
}

/**
 * Configuration of HAProxy for the scenario. The id of the call that it makes is `uuid()` without its dashes, put into the
 * upstream path; the id that it serves is the last segment of the path it got. `/work/` keeps upstream connections, `/once/`
 * opens one a request, `/self/` is answered by HAProxy alone. Bodies are spliced both ways (`option splice-*`): they never
 * come into its memory. A line is logged for a request that went upstream only; a retry would send one id twice, so there is none.
 */
export function haproxyConfig({ port, upstreamPort }: HaproxySettings): string {
  return `global
  nbthread 2
  maxconn 4096
  log stdout format raw local0

defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  retries 0
  option splice-request
  option splice-response
  log global
  option dontlognull

frontend front
  bind 127.0.0.1:${port} backlog 1024
  http-request set-var(txn.serving) path,field(3,/)
  http-request set-var(txn.call) uuid(),regsub(-,,g)
  http-request set-log-level silent if { path_beg /self/ }
  http-request return status 200 content-type text/plain string haproxy if { path_beg /self/ }
  log-format '{"call":"%[var(txn.call)]","parent":"%[var(txn.serving)]"}'
  acl once path_beg /once/
  http-request set-path /work/%[var(txn.call)]
  use_backend fresh if once
  default_backend kept

backend kept
  http-reuse always
  server node 127.0.0.1:${upstreamPort} pool-max-conn 32

backend fresh
  http-reuse never
  http-request set-header Connection close
  server node 127.0.0.1:${upstreamPort}
`;
}
