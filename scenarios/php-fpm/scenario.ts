import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findNginx, findPhpFpm, freePorts, repoRoot } from '../programs/index.ts';
import { startDownstream } from '../run/chain.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';
import { fpmConfig, nginxFastCgiConfig } from './config.ts';

const MISSING_NGINX = 'nginx is neither installed nor named by WEFT_NGINX';
const MISSING_FPM = 'php-fpm is neither installed nor named by WEFT_PHP_FPM';

/** nginx → php-fpm over FastCGI, by TCP and by Unix socket, in front of the services of blocking threads. */
export const phpFpm: Scenario = {
  name: 'php-fpm',
  description: 'nginx and php-fpm (FastCGI)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    if (findNginx() === null) return MISSING_NGINX;
    return findPhpFpm() === null ? MISSING_FPM : null;
  },
  async start(context) {
    const { group, truthLog, cleanup } = context;
    const nginx = findNginx();
    if (nginx === null) throw new Error(`${MISSING_NGINX}.`);
    const fpm = findPhpFpm();
    if (fpm === null) throw new Error(`${MISSING_FPM}.`);
    const downstream = await startDownstream(context);
    const folder = mkdtempSync(join(tmpdir(), 'weft-fpm-'));
    cleanup(() => rmSync(folder, { recursive: true, force: true }));
    const [port, fpmPort] = (await freePorts(2)) as [number, number];
    const script = join(repoRoot(), 'scenarios', 'php-fpm', 'front.php');
    const settings = { folder, port, fpmPort, script, truthLog: truthLog('nginx') };
    const nginxFile = join(folder, 'nginx.conf');
    const fpmFile = join(folder, 'fpm.conf');
    writeFileSync(nginxFile, nginxFastCgiConfig(settings));
    writeFileSync(fpmFile, fpmConfig(settings));
    const asRoot = process.getuid?.() === 0 ? ['-R'] : [];
    await group.start({
      name: 'php-fpm',
      command: fpm,
      args: ['-n', '-F', ...asRoot, '-y', fpmFile],
      env: downstream.environment('front', fpmPort),
      port: fpmPort,
    });
    const args = ['-p', folder, '-e', 'stderr', '-c', nginxFile];
    await group.start({ name: 'nginx', command: nginx, args, port });
    const paths = [
      { prefix: '/work/', weight: 1 },
      { prefix: '/unix/', weight: 1 },
    ];
    return { port, paths };
  },
};
