/** How a proxy is reached, and how it reaches what is behind it. */
export interface Way {
  readonly port: number;
  readonly upstream: number;
  /** Certificate and key in one file; null: without TLS. */
  readonly pem: string | null;
  readonly upstreamVersion: 1 | 2;
  readonly folder: string;
}

/** A proxy with HTTP/2 in front. */
export interface Http2Proxy {
  readonly name: 'nginx' | 'haproxy' | 'envoy';
  readonly file: string;
  config(way: Way): string;
  args(file: string, folder: string): readonly string[];
}

export const nginx: Http2Proxy = {
  name: 'nginx',
  file: 'nginx.conf',
  config: ({ port, upstream, pem, folder }) => `
    daemon off; master_process on; worker_processes 2; pid ${folder}/nginx.pid; error_log stderr; user root;
    events { worker_connections 1024; }
    http {
      access_log off;
      client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
      upstream back { server 127.0.0.1:${upstream}; keepalive 16; }
      server {
        listen 127.0.0.1:${port} ${pem === null ? '' : 'ssl'} http2;
        ${pem === null ? '' : `ssl_certificate ${pem}; ssl_certificate_key ${pem};`}
        location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`,
  args: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr'],
};

export const haproxy: Http2Proxy = {
  name: 'haproxy',
  file: 'haproxy.cfg',
  config: ({ port, upstream, pem, upstreamVersion }) => `
global
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:${port} ${pem === null ? 'proto h2' : `ssl crt ${pem} alpn h2`}
  default_backend back
backend back
  server s 127.0.0.1:${upstream} ${upstreamVersion === 2 ? 'proto h2' : ''}
`,
  args: (file) => ['-db', '-f', file],
};

export const envoy: Http2Proxy = {
  name: 'envoy',
  file: 'envoy.json',
  config: ({ port, upstream, upstreamVersion }) => {
    const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.${name}` });
    const address = (at: number) => ({ socket_address: { address: '127.0.0.1', port_value: at } });
    const hcm = {
      ...type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'front',
      codec_type: 'HTTP2',
      http_filters: [{ name: 'router', typed_config: type('filters.http.router.v3.Router') }],
      route_config: {
        virtual_hosts: [
          { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'back' } }] },
        ],
      },
    };
    const http2 = {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        ...type('upstreams.http.v3.HttpProtocolOptions'),
        explicit_http_config: { http2_protocol_options: {} },
      },
    };
    return JSON.stringify({
      static_resources: {
        listeners: [
          { address: address(port), filter_chains: [{ filters: [{ name: 'hcm', typed_config: hcm }] }] },
        ],
        clusters: [
          {
            name: 'back',
            type: 'STATIC',
            ...(upstreamVersion === 2 ? { typed_extension_protocol_options: http2 } : {}),
            load_assignment: {
              cluster_name: 'back',
              endpoints: [{ lb_endpoints: [{ endpoint: { address: address(upstream) } }] }],
            },
          },
        ],
      },
    });
  },
  args: (file) => ['-c', file, '--concurrency', '2', '--disable-hot-restart', '-l', 'error'],
};
