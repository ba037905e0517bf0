import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Looks for a program: first the path in an environment variable, then `PATH`, then well-known places.
 * @returns its path, or null when it is nowhere
 */
export function findProgram(name: string, variable: string, places: readonly string[]): string | null {
  const chosen = process.env[variable];
  if (chosen) return executable(chosen) ? chosen : null;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = [...folders.map((folder) => join(folder, name)), ...places];
  return candidates.find(executable) ?? null;
}

/** nginx; `WEFT_NGINX` names one that set-up unpacked where none is installed. */
export const findNginx = () =>
  findProgram('nginx', 'WEFT_NGINX', [
    '/usr/sbin/nginx',
    // set-up unpacks it there, since installing the package would enable a system service
    join(repoRoot(), '.weft/bin/nginx'),
  ]);
/** HAProxy; `WEFT_HAPROXY` names another. */
export const findHaproxy = () =>
  findProgram('haproxy', 'WEFT_HAPROXY', ['/usr/sbin/haproxy', join(repoRoot(), '.weft/bin/haproxy')]);
/** Python 3; `WEFT_PYTHON` overrides. */
export const findPython = () => findProgram('python3', 'WEFT_PYTHON', ['/usr/bin/python3']);
/** A C compiler; `WEFT_CC` overrides. Set-up brings clang for the kernel programs. */
export const findCompiler = () =>
  findProgram('cc', 'WEFT_CC', ['/usr/bin/gcc', '/usr/bin/clang-19', '/usr/bin/clang']);
/** Envoy, which a Python package brings; `WEFT_ENVOY` overrides. */
export const findEnvoy = () => {
  const libraries = join(repoRoot(), '.weft/tools/python-venv/lib');
  const versions = existsSync(libraries) ? readdirSync(libraries) : [];
  const places = versions.map((version) => join(libraries, version, 'site-packages/envoy/_bin/envoy'));
  return findProgram('envoy', 'WEFT_ENVOY', [join(repoRoot(), '.weft/bin/envoy'), ...places]);
};
/** PHP's FastCGI process manager, which set-up unpacks; `WEFT_PHP_FPM` names another. */
export const findPhpFpm = () =>
  findProgram('php-fpm', 'WEFT_PHP_FPM', ['/usr/sbin/php-fpm8.2', join(repoRoot(), '.weft/bin/php-fpm')]);
/** puma, a Ruby server (Debian: puma); `WEFT_PUMA` overrides. */
export const findPuma = () => findProgram('puma', 'WEFT_PUMA', ['/usr/bin/puma']);
/** Rust's package manager and, with it, its compiler; `WEFT_CARGO` overrides. */
export const findCargo = () =>
  findProgram('cargo', 'WEFT_CARGO', ['/usr/bin/cargo', join(homedir(), '.cargo/bin/cargo')]);
/** The Go tool chain; `WEFT_GO` overrides. */
export const findGo = () => findProgram('go', 'WEFT_GO', ['/usr/local/go/bin/go', '/usr/lib/go/bin/go']);

/**
 * Redis; `WEFT_REDIS` overrides. Debian's `redis-check-rdb` is the server's own program and acts as the server when it is
 * called `redis-server`: the caller starts what is found here under that name.
 */
export const findRedis = () =>
  findProgram('redis-server', 'WEFT_REDIS', ['/usr/bin/redis-server', '/usr/bin/redis-check-rdb']);

/** MariaDB's server (Debian: mariadb-server-core); `WEFT_MARIADB` overrides. Its initialiser lies in the same package. */
export const findMariaDb = () => findProgram('mariadbd', 'WEFT_MARIADB', ['/usr/sbin/mariadbd']);
/** Its command line client (Debian: mariadb-client-core); `WEFT_MARIADB_CLIENT` overrides. */
export const findMariaDbClient = () => findProgram('mariadb', 'WEFT_MARIADB_CLIENT', ['/usr/bin/mariadb']);

/** Where Debian's PostgreSQL has its programs, the newest first, and where set-up unpacks one. */
function postgresFolders(): string[] {
  const homes = ['/usr/lib/postgresql', join(repoRoot(), '.weft/tools/postgresql/usr/lib/postgresql')];
  return homes.flatMap((home) =>
    existsSync(home)
      ? readdirSync(home)
          .filter((version) => /^\d+$/.test(version))
          .sort((a, b) => Number(b) - Number(a))
          .map((version) => join(home, version, 'bin'))
      : [],
  );
}

/** PostgreSQL's server, whose `initdb` lies beside it; `WEFT_POSTGRES` overrides. */
export const findPostgres = () => {
  const places = postgresFolders().map((folder) => join(folder, 'postgres'));
  // A `postgres` on PATH may be a link without `initdb` beside it: the real folders come first.
  return (
    (process.env['WEFT_POSTGRES'] === undefined ? places.find(executable) : undefined) ??
    findProgram('postgres', 'WEFT_POSTGRES', [])
  );
};

let root: string | null = null;

/**
 * Root folder of the repository: the programs of scenarios and demo lie beside each other there, wherever
 * the bundle that runs this line lies.
 */
export function repoRoot(): string {
  if (root !== null) return root;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'scenarios', 'load', 'load.mjs'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('The folder of the scenarios was not found above this program.');
    folder = above;
  }
  root = folder;
  return folder;
}
