/** Facts that nginx's configuration depends on. */
export interface NginxSettings {
  /** Private folder for pid file and temporary files. */
  readonly folder: string;
  readonly port: number;
  readonly upstreamPort: number;
  /** File that gets the truth log. */
  readonly truthLog: string;
}

/**
 * Configuration of nginx for the scenario. The id of the call that it makes is `$request_id`, put into the upstream
 * path; the id that it serves is the last segment of the path it got. `/work/` keeps upstream connections,
 * `/once/` opens one a request, `/self/` is answered by nginx alone. A line is logged for a request that went
 * upstream only; a retry would send one id twice, so there is none.
 */
export function nginxConfig(settings: NginxSettings): string {
  const { folder, port, upstreamPort, truthLog } = settings;
  // Workers would become `nobody`, who cannot enter our private folder.
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `${user}daemon off;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;

  map $request_uri $serving { ~/(?<id>[0-9a-f]+)$ $id; }
  map $upstream_addr $went_upstream { "" 0; default 1; }
  log_format truth escape=json '{"call":"$request_id","parent":"$serving"}';
  access_log ${truthLog} truth if=$went_upstream;

  keepalive_timeout 120s;
  keepalive_requests 1000000;
  proxy_next_upstream off;

  upstream kept { server 127.0.0.1:${upstreamPort}; keepalive 32; keepalive_requests 1000000; }
  upstream fresh { server 127.0.0.1:${upstreamPort}; }

  server {
    listen 127.0.0.1:${port} backlog=1024;
    location /work/ {
      rewrite ^ /work/$request_id break;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass http://kept;
    }
    location /once/ {
      rewrite ^ /work/$request_id break;
      proxy_pass http://fresh;
    }
    location /self/ {
      return 200 "nginx\\n";
    }
  }
}
`;
}
