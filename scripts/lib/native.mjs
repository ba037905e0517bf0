// What is not TypeScript: the kernel programs (C) and the Go program of the demo.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { childPath, DIST, ROOT } from './paths.mjs';
import { elapsed, Failure, say } from './step.mjs';

/** Compiles the kernel programs if a source is newer. Returns whether it did. */
export async function buildKernelObject() {
  const builder = join(ROOT, 'packages/kernel/build.mjs');
  if (!existsSync(builder)) return false;
  const start = Date.now();
  const { buildKernel } = await import(pathToFileURL(builder).href);
  try {
    if (!buildKernel()) return false;
  } catch (error) {
    throw new Failure(
      `The kernel programs do not compile (${error.message.split('\n')[0]}): see the messages above.`,
    );
  }
  say(`- compiled the kernel programs in ${elapsed(start)}`);
  return true;
}

/** Builds the demo's Go program now, so that the first start does not have to. */
export async function buildDemoPrograms() {
  const bundle = join(DIST, 'demo.js');
  if (!existsSync(bundle)) return;
  process.env.PATH = childPath();
  const start = Date.now();
  const heartbeat = setInterval(() => say(`  building the demo's Go program: ${elapsed(start)}`), 5000);
  try {
    // Looks itself whether anything is stale.
    await (await import(pathToFileURL(bundle).href)).buildDemo();
  } catch (error) {
    throw new Failure(error.message.split('\n')[0]);
  } finally {
    clearInterval(heartbeat);
  }
}
