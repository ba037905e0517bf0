// Holds the direction of dependencies (docs/ARCHITECTURE.md): which package may import which, nobody past
// another's index.ts, no cycle between files. Prints `file: reason` for each violation.
import { readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, walk } from './lib/paths.mjs';

/** Package → the packages that it may import. */
const PACKAGES = {
  kernel: [],
  libbpf: [],
  model: [],
  protocols: ['model'],
  causality: ['model', 'protocols'],
  agent: ['model', 'protocols', 'causality', 'libbpf', 'kernel'],
  store: ['model'],
  server: ['model', 'store'],
  // Types of the API alone; the server finds the built page by its path.
  ui: ['model'],
  cli: ['kernel', 'libbpf', 'model', 'protocols', 'causality', 'agent', 'store', 'server'],
};

/** Folders outside packages/, free to import every package through its index. */
const TOP_FOLDERS = ['scenarios', 'demo', 'bench'];

/** What demo and bench may use of the scenarios: the running of programs, through its index. And bench of the demo. */
const SHARED_FOLDER = /^(scenarios\/[a-z-]+|demo)\/index\.ts$/;

/** Packages that touch neither files nor sockets nor clocks: bytes in, conclusions out. */
const PURE = ['model', 'protocols', 'causality'];

/** Packages from npm → where they may be imported. */
const EXTERNAL = {
  koffi: ['libbpf'],
  chdb: ['store'],
  '@clickhouse/client': ['store'],
  // Inflates MySQL's compressed frames: pure, without dependencies, and streams with bounded memory.
  fflate: ['protocols'],
  // Programs that the live tests trace use them, nothing of ours.
  pg: [],
  mysql2: [],
  // Tests run the store's process from its sources.
  esbuild: ['store'],
  vite: ['ui'],
  '@vitejs/plugin-react': ['ui'],
  react: ['ui'],
  'react-dom': ['ui'],
  '@tanstack/react-query': ['ui'],
  '@tanstack/react-virtual': ['ui'],
  '@fontsource-variable/geist': ['ui'],
  '@fontsource-variable/geist-mono': ['ui'],
};

/** What tests may import besides. */
const TEST_EXTERNAL = ['vitest', 'fast-check', 'playwright-core'];

/** Module specifiers that a source file imports or exports from, types included. */
export function importsOf(source) {
  const code = source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    // Programs in other languages, in tests.
    .replace(/`(?:\\.|[^`\\])*`/g, '``');
  const found = [];
  for (const match of code.matchAll(/^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm)) {
    found.push(match[1]);
  }
  for (const match of code.matchAll(/\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g)) found.push(match[1]);
  return found;
}

/** `packages/agent/src/x.ts` → `agent`; `demo/main.ts` → `demo`; null for what has no layer. */
function layerOf(file) {
  const parts = file.split('/');
  if (parts[0] === 'packages') return parts[1] in PACKAGES ? parts[1] : null;
  return TOP_FOLDERS.includes(parts[0]) ? parts[0] : null;
}

function isTest(file) {
  return /\.test\.tsx?$/.test(file) || file.includes('/testing/');
}

/**
 * Checks a tree of sources.
 * @param {ReadonlyMap<string, string>} sources path below the root, with slashes → content
 * @returns {{file: string, reason: string}[]} violations, in the order of the paths
 */
export function violations(sources) {
  const found = [];
  const graph = new Map();
  for (const [file, source] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const layer = layerOf(file);
    if (layer === null) {
      found.push({ file, reason: 'belongs to no known package: add it to scripts/layers.mjs' });
      continue;
    }
    const edges = [];
    for (const specifier of importsOf(source)) {
      const reason = specifier.startsWith('.')
        ? checkRelative(file, layer, specifier, sources, edges)
        : checkBare(file, layer, specifier);
      if (reason !== null) found.push({ file, reason });
    }
    graph.set(file, edges);
  }
  return [...found, ...cycles(graph)];
}

function checkRelative(file, layer, specifier, sources, edges) {
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  const home = file.startsWith('packages/') ? `packages/${layer}/` : `${layer}/`;
  const isShared = TOP_FOLDERS.includes(layer) && SHARED_FOLDER.test(target);
  if (!target.startsWith(home) && !isShared)
    return `\`${specifier}\` leaves ${home}: import \`@weft/…\` instead`;
  if (sources.has(target)) edges.push(target);
  else if (/\.tsx?$/.test(target)) return `\`${specifier}\` does not exist`;
  return null;
}

function checkBare(file, layer, specifier) {
  const test = isTest(file);
  if (specifier.startsWith('@weft/')) {
    const [name, ...rest] = specifier.slice('@weft/'.length).split('/');
    if (!(name in PACKAGES)) return `\`${specifier}\` is no package of this repository`;
    if (rest.length > 0) return `\`${specifier}\` goes past the index of @weft/${name}`;
    if (name === layer) return `imports its own package by name: use a relative path`;
    if (test || TOP_FOLDERS.includes(layer) || PACKAGES[layer].includes(name)) return null;
    return `${layer} may not depend on ${name}`;
  }
  if (specifier.startsWith('node:')) {
    return PURE.includes(layer) && !test ? `${layer} is pure and may not use \`${specifier}\`` : null;
  }
  if (test && TEST_EXTERNAL.includes(specifier)) return null;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const homes = EXTERNAL[name];
  if (homes === undefined) return `\`${name}\` is not among the packages that may be imported`;
  return homes.includes(layer) || test ? null : `\`${name}\` may be imported by ${homes.join(', ')} alone`;
}

/** One violation for each cycle between files, told at its first file. */
function cycles(graph) {
  const found = [];
  const state = new Map();
  const path = [];
  const visit = (file) => {
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === 'open') {
        const cycle = [...path.slice(path.indexOf(next)), next];
        found.push({ file: next, reason: `import cycle: ${cycle.join(' → ')}` });
      } else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return found;
}

/** The sources of this repository, as `violations` takes them. */
export function readSources() {
  const sources = new Map();
  for (const folder of ['packages', ...TOP_FOLDERS]) {
    for (const path of walk(join(ROOT, folder), (file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))) {
      sources.set(relative(ROOT, path), readFileSync(path, 'utf8'));
    }
  }
  return sources;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const sources = readSources();
  const found = violations(sources);
  for (const { file, reason } of found) process.stdout.write(`${file}: ${reason}\n`);
  process.stderr.write(`layers: ${sources.size} files, ${found.length} violations\n`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
