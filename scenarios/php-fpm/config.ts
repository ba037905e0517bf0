/** What the configurations of nginx and php-fpm depend on. */
export interface FastCgiSettings {
  /** Private folder for sockets, pid files and temporary files. */
  readonly folder: string;
  /** Where nginx listens. */
  readonly port: number;
  /** Where php-fpm's TCP pool listens. */
  readonly fpmPort: number;
  /** The program that is run for every request. */
  readonly script: string;
  /** File that gets nginx's truth log. */
  readonly truthLog: string;
}

/** What Debian's `fastcgi_params` passes on, but for the address of the request, which carries the call that nginx makes. */
const PARAMETERS = `
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param SCRIPT_NAME $fastcgi_script_name;
      fastcgi_param REQUEST_URI /work/$request_id;
      fastcgi_param DOCUMENT_ROOT $document_root;
      fastcgi_param SERVER_PROTOCOL $server_protocol;
      fastcgi_param REQUEST_SCHEME $scheme;
      fastcgi_param GATEWAY_INTERFACE CGI/1.1;
      fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param REMOTE_PORT $remote_port;
      fastcgi_param SERVER_ADDR $server_addr;
      fastcgi_param SERVER_PORT $server_port;
      fastcgi_param SERVER_NAME $server_name;`;

const user = () => (process.getuid?.() === 0 ? 'root' : null);

/**
 * Configuration of nginx: `/work/` goes to php-fpm over TCP, `/unix/` over a Unix socket. The id of the call that it makes is
 * `$request_id`; the id that it serves is the last segment of the path it got.
 */
export function nginxFastCgiConfig({ folder, port, fpmPort, script, truthLog }: FastCgiSettings): string {
  const location = (prefix: string, upstream: string) => `
    location ${prefix} {
      fastcgi_pass ${upstream};
      fastcgi_param SCRIPT_FILENAME ${script};${PARAMETERS}
    }`;
  // Workers would become `nobody`, who cannot enter our private folder.
  return `${user() === null ? '' : 'user root;\n'}daemon off;
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
  log_format truth escape=json '{"call":"$request_id","parent":"$serving"}';
  access_log ${truthLog} truth;
  keepalive_timeout 120s;
  keepalive_requests 1000000;
  fastcgi_next_upstream off;

  server {
    listen 127.0.0.1:${port} backlog=1024;${location('/work/', `127.0.0.1:${fpmPort}`)}${location('/unix/', `unix:${folder}/fpm.sock`)}
  }
}
`;
}

/** Configuration of php-fpm: a pool of eight processes at each of the two sockets. */
export function fpmConfig({ folder, fpmPort }: FastCgiSettings): string {
  const pool = (name: string, listen: string) => `
[${name}]
${user() === null ? '' : 'user = root\n'}listen = ${listen}
listen.backlog = 1024
pm = static
pm.max_children = 8
clear_env = no
`;
  return `[global]
daemonize = no
error_log = ${folder}/fpm.log
log_level = warning
${pool('tcp', `127.0.0.1:${fpmPort}`)}${pool('unix', `${folder}/fpm.sock`)}`;
}
