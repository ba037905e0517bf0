/**
 * Configuration of the shop's proxy.
 * @param folder private folder for its pid and temporary files
 * @param upstreamPort port of the storefront
 */
export function nginxConfig(folder: string, port: number, upstreamPort: number): string {
  // Workers would become `nobody`, who cannot enter our private folder.
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `${user}daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream storefront { server 127.0.0.1:${upstreamPort}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass http://storefront;
    }
  }
}
`;
}
