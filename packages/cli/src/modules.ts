import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CliError } from './errors.ts';

/** What the commands need of `demo/main.ts`. */
export interface DemoModule {
  startDemo(options: {
    readonly cgroup: string | null;
    readonly log: (line: string) => void;
  }): Promise<RunningDemo>;
}

export interface RunningDemo {
  stop(): Promise<void>;
}

/** What the commands need of `scenarios/main.ts`. */
export interface ScenariosModule {
  scoreMain(argv: readonly string[]): Promise<number>;
}

/** Path of the `weft` bundle: what children are started from. */
export function weftProgram(): string {
  return fileURLToPath(new URL('./weft.js', import.meta.url));
}

/** Folder of the built web page; null when it is not built. */
export function pageFolder(): string | null {
  const folder = fileURLToPath(new URL('./ui', import.meta.url));
  return existsSync(folder) ? folder : null;
}

/** The demo, which is no package and hence a bundle of its own beside ours. */
export async function loadDemo(): Promise<DemoModule> {
  return (await loadBundle('demo')) as DemoModule;
}

/** The scenarios, likewise. */
export async function loadScenarios(): Promise<ScenariosModule> {
  return (await loadBundle('scenarios')) as ScenariosModule;
}

async function loadBundle(name: string): Promise<unknown> {
  const url = new URL(`./${name}.js`, import.meta.url);
  if (!existsSync(url)) {
    throw new CliError(`The ${name} part of Weft is not built: run \`npm run setup\` in its folder.`);
  }
  return await import(url.href);
}
