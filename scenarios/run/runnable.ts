import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../programs/index.ts';
import { SCENARIOS, scenarioNamed } from './catalog.ts';

const LINE = /^- `([\w-]+)`: `[^`]+`: \S/gm;

/**
 * Names of the scenarios that `scenarios/UNAVAILABLE.md` says cannot run.
 * @param page its text; a line counts that names the command that failed as well
 */
export function readUnavailable(page: string): ReadonlySet<string> {
  return new Set([...page.matchAll(LINE)].map((match) => match[1]!));
}

/** What can run here of what was asked for. */
export interface Runnable {
  readonly able: readonly string[];
  /** Scenarios that cannot run though nothing excuses them. */
  readonly missing: readonly string[];
}

/**
 * Prepares scenarios: all of them, where one that cannot run is left out, or those that are named.
 * @param names none: all
 * @param say gets a sentence for each that is left out
 * @throws Error when one that is named cannot run
 */
export async function runnable(names: readonly string[], say: (text: string) => void): Promise<Runnable> {
  const chosen = names.length === 0 ? SCENARIOS : names.map(scenarioNamed);
  const excused = readUnavailable(readFileSync(join(repoRoot(), 'scenarios', 'UNAVAILABLE.md'), 'utf8'));
  const able: string[] = [];
  const missing: string[] = [];
  for (const scenario of chosen) {
    const obstacle = await scenario.prepare().catch((error: Error) => error.message);
    if (obstacle === null) able.push(scenario.name);
    else if (names.length > 0) throw new Error(`The scenario ${scenario.name} cannot run: ${obstacle}.`);
    else {
      const why = excused.has(scenario.name) ? '' : ' (and scenarios/UNAVAILABLE.md does not excuse it)';
      say(`skipped ${scenario.name}: ${obstacle}${why}`);
      if (why !== '') missing.push(scenario.name);
    }
  }
  return { able, missing };
}
