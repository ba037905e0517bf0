import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findNginx, freePorts, type ProgramGroup } from '../../scenarios/programs/index.ts';

/** nginx with a static file. */
export interface Nginx {
  /** Serves the file. */
  readonly port: number;
  /** Asks the other port for it. */
  readonly proxyPort: number;
}

/**
 * Debian's own settings where they matter here (sendfile, tcp_nopush); no log, which would only make Weft look cheaper.
 * More connections than any benchmark opens: when the last sixteenth of them is used nginx closes kept ones, and requests
 * that are on their way there fail.
 */
function config(folder: string, { port, proxyPort }: Nginx, workers: number): string {
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${folder}/${kind};`,
  );
  return `${user}daemon off;
worker_processes ${workers};
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 65s;
  keepalive_requests 10000000;
  upstream files { server 127.0.0.1:${port}; keepalive 64; keepalive_requests 10000000; }
  server { listen 127.0.0.1:${port} backlog=1024; root ${folder}/files; }
  server {
    listen 127.0.0.1:${proxyPort} backlog=1024;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://files; }
  }
}
`;
}

/**
 * Starts nginx in a group of programs.
 * @param parent folder below which it gets one of its own
 * @param bytes size of the file
 * @throws Error in one sentence when there is no nginx or it does not start
 */
export async function startNginx(
  group: ProgramGroup,
  parent: string,
  workers: number,
  bytes = 1024,
): Promise<Nginx> {
  const program = findNginx();
  if (program === null) throw new Error('nginx is neither installed nor named by WEFT_NGINX.');
  const folder = mkdtempSync(join(parent, 'nginx-'));
  const files = mkdtempSync(join(folder, 'files-'));
  const [port, proxyPort] = (await freePorts(2)) as [number, number];
  const nginx = { port, proxyPort };
  writeFileSync(join(files, 'page.html'), 'x'.repeat(bytes));
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, config(folder, nginx, workers).replace(`${folder}/files;`, `${files};`));
  await group.start({
    name: 'nginx',
    command: program,
    args: ['-p', folder, '-e', 'stderr', '-c', file],
    port: proxyPort,
  });
  return nginx;
}

/** The file's path in URLs. */
export const PAGE = '/page.html';
