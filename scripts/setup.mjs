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
import { BROWSER, goVersion, missingLibraries, packagesFor, REQUIREMENTS } from './lib/system.mjs';

const APT = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
const LOCK_WAIT = ['-o', 'DPkg::Lock::Timeout=120'];

/**
 * Installs and builds what is missing.
 * @param {{browser?: boolean}} options browser: also what tests of the page need
 * @returns {Promise<boolean>} whether anything had to be done
 */
export async function setup({ browser = false } = {}) {
  const start = Date.now();
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new Failure(`Weft needs Node 20 or later and this is ${process.version}: install a newer Node.`);
  }
  const steps = [await systemPackages(browser), await nginx(), redisServer(), await npmPackages()];
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
  const wanted = browser ? [...REQUIREMENTS, BROWSER] : REQUIREMENTS;
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

/**
 * nginx for the demo. Its Debian package would start a service, so it is unpacked into `.weft/tools`
 * instead of installed, unless the machine has one.
 */
async function nginx() {
  if (findProgram('nginx') !== null) return false;
  const folder = join(TOOLS, 'nginx');
  const program = join(folder, 'usr/sbin/nginx');
  if (!existsSync(program)) {
    if (findProgram('apt-get') === null || findProgram('dpkg-deb') === null) {
      throw new Failure("Missing: nginx (the demo's proxy); install nginx so that it is on PATH.");
    }
    mkdirSync(folder, { recursive: true });
    if (!aptKnowsNginx()) {
      if (process.geteuid?.() !== 0) {
        throw new Failure("Missing: nginx (the demo's proxy); run this as root once, or put nginx on PATH.");
      }
      await aptUpdate();
    }
    for (const name of readdirSync(folder)) if (name.endsWith('.deb')) rmSync(join(folder, name));
    await step(
      'fetching nginx for the demo (unpacked into .weft/tools, not installed: no service)',
      'apt-get',
      ['download', 'nginx'],
      { cwd: folder, env: APT },
    );
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive === undefined)
      throw new Failure('apt-get download nginx left no package; see .weft/setup.log.');
    await step('unpacking nginx', 'dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    rmSync(join(folder, archive));
  }
  const { packages, unknown } = missingLibraries(program);
  if (packages.length > 0) await aptInstall(packages, "libraries of nginx (the demo's proxy)");
  if (unknown.length > 0) {
    throw new Failure(
      `nginx does not run here: it lacks ${unknown.join(', ')}; put an nginx that runs on PATH.`,
    );
  }
  link(program, 'nginx');
  return true;
}

/** True when the package lists on this machine can be used. */
function aptKnowsNginx() {
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
