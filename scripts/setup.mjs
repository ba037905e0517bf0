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
import { goVersion, missingLibraries, packagesFor, REQUIREMENTS } from './lib/system.mjs';

const APT = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
/** The version in Debian 12. */
const POSTGRESQL = '15';
const LOCK_WAIT = ['-o', 'DPkg::Lock::Timeout=120'];

/** Installs and builds what is missing. Returns whether anything had to be done. */
export async function setup() {
  const start = Date.now();
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new Failure(`Weft needs Node 20 or later and this is ${process.version}: install a newer Node.`);
  }
  const steps = [
    await systemPackages(),
    await nginx(),
    redisServer(),
    await postgresql(),
    await npmPackages(),
  ];
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

async function systemPackages() {
  const missing = REQUIREMENTS.filter((requirement) => !requirement.present());
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

/** nginx for the demo. */
async function nginx() {
  if (findProgram('nginx') !== null) return false;
  const folder = await unpack('nginx', ['nginx'], "the demo's proxy");
  const program = join(folder, 'usr/sbin/nginx');
  await librariesOf([program], "libraries of nginx (the demo's proxy)");
  link(program, 'nginx');
  return true;
}

/** PostgreSQL for the tests, which look for it where Debian has it and then in `.weft/tools`. */
async function postgresql() {
  const versions = 'usr/lib/postgresql';
  const installed = [join('/', versions), join(TOOLS, 'postgresql', versions)];
  if (installed.some((folder) => versionsIn(folder).length > 0)) return false;
  const folder = await unpack(
    'postgresql',
    [`postgresql-${POSTGRESQL}`, `postgresql-client-${POSTGRESQL}`],
    'a database of the tests',
  );
  const programs = ['postgres', 'initdb', 'psql', 'pgbench'];
  await librariesOf(
    programs.map((name) => join(folder, versions, POSTGRESQL, 'bin', name)),
    'libraries of PostgreSQL (a database of the tests)',
  );
  return true;
}

function versionsIn(folder) {
  return existsSync(folder)
    ? readdirSync(folder).filter((version) => existsSync(join(folder, version, 'bin/postgres')))
    : [];
}

/**
 * Unpacks Debian packages into a folder of `.weft/tools`: installing them would start a service.
 * @returns the folder, to which the files' paths are relative
 */
async function unpack(name, packages, why) {
  const folder = join(TOOLS, name);
  if (existsSync(join(folder, 'usr'))) return folder;
  if (findProgram('apt-get') === null || findProgram('dpkg-deb') === null) {
    throw new Failure(`Missing: ${name} (${why}); install ${name} so that it is on PATH.`);
  }
  mkdirSync(folder, { recursive: true });
  if (!aptHasLists()) {
    if (process.geteuid?.() !== 0) {
      throw new Failure(`Missing: ${name} (${why}); run this as root once, or put ${name} on PATH.`);
    }
    await aptUpdate();
  }
  for (const file of readdirSync(folder)) if (file.endsWith('.deb')) rmSync(join(folder, file));
  await step(
    `fetching ${packages.join(' ')}: ${why} (unpacked into .weft/tools, not installed: no service)`,
    'apt-get',
    ['download', ...packages],
    { cwd: folder, env: APT },
  );
  const archives = readdirSync(folder).filter((file) => file.endsWith('.deb'));
  if (archives.length < packages.length)
    throw new Failure(`apt-get download ${packages.join(' ')} left no package; see .weft/setup.log.`);
  for (const archive of archives) {
    await step(`unpacking ${archive}`, 'dpkg-deb', ['-x', archive, '.'], { cwd: folder });
    rmSync(join(folder, archive));
  }
  return folder;
}

/** Installs what libraries some unpacked programs lack. */
async function librariesOf(programs, why) {
  const missing = programs.map(missingLibraries);
  const packages = [...new Set(missing.flatMap((of) => of.packages))];
  if (packages.length > 0) await aptInstall(packages, why);
  const unknown = [...new Set(missing.flatMap((of) => of.unknown))];
  if (unknown.length > 0) {
    throw new Failure(
      `${programs[0]} does not run here: it lacks ${unknown.join(', ')}; install it yourself.`,
    );
  }
}

/** True when the package lists on this machine can be used. */
function aptHasLists() {
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
