import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Path of a program: set-up's own, else of PATH; null when there is none. */
export function programOf(name: string): string | null {
  const folders = [join(REPOSITORY, '.weft/bin'), ...(process.env['PATH'] ?? '').split(delimiter)];
  for (const folder of [...folders, '/usr/sbin']) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here.
    }
  }
  return null;
}

/** From a port that a proxy listens on to the one behind it, both on 127.0.0.1. */
export interface Hop {
  readonly port: number;
  readonly upstream: number;
}

/** A proxy that passes request ids on, makes them where there are none, and tells its caller of them. */
export interface ProxyKind {
  readonly name: string;
  /** Name of its configuration file. */
  readonly file: string;
  config(hops: readonly Hop[], folder: string): string;
  args(file: string, folder: string): readonly string[];
}

export const nginx: ProxyKind = {
  name: 'nginx',
  file: 'nginx.conf',
  config: (hops, folder) => `
    daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr; user root;
    events { worker_connections 1024; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      map $http_x_request_id $rid { "" $request_id; default $http_x_request_id; }
      ${hops
        .map(
          ({ port, upstream }) => `
      upstream u${port} { server 127.0.0.1:${upstream}; keepalive 16; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://u${port}; proxy_http_version 1.1;
          proxy_set_header Connection ""; proxy_set_header X-Request-ID $rid;
          add_header X-Request-ID $rid;
        }
      }`,
        )
        .join('')}
    }`,
  args: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr'],
};

export const haproxy: ProxyKind = {
  name: 'haproxy',
  file: 'haproxy.cfg',
  config: (hops) => `
global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
${hops
  .map(
    ({ port, upstream }) => `
frontend f${port}
  bind 127.0.0.1:${port}
  http-request set-header X-Request-ID %[uuid()] unless { req.hdr(X-Request-ID) -m found }
  http-request set-var(txn.rid) req.hdr(X-Request-ID)
  http-response set-header X-Request-ID %[var(txn.rid)]
  default_backend b${port}
backend b${port}
  server s 127.0.0.1:${upstream}
`,
  )
  .join('')}`,
  args: (file) => ['-db', '-f', file],
};

function envoyListener({ port }: Hop): object {
  return {
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'hcm',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              stat_prefix: `s${port}`,
              generate_request_id: true,
              preserve_external_request_id: true,
              always_set_request_id_in_response: true,
              http_filters: [
                {
                  name: 'router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
              route_config: {
                virtual_hosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    routes: [{ match: { prefix: '/' }, route: { cluster: `c${port}` } }],
                  },
                ],
              },
            },
          },
        ],
      },
    ],
  };
}

function envoyCluster({ port, upstream }: Hop): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: upstream } };
  return {
    name: `c${port}`,
    type: 'STATIC',
    load_assignment: {
      cluster_name: `c${port}`,
      endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
    },
  };
}

export const envoy: ProxyKind = {
  name: 'envoy',
  file: 'envoy.json',
  config: (hops) =>
    JSON.stringify({
      static_resources: { listeners: hops.map(envoyListener), clusters: hops.map(envoyCluster) },
    }),
  args: (file) => ['-c', file, '--concurrency', '2', '--disable-hot-restart', '-l', 'error'],
};
