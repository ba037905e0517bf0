import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repoRoot } from '../programs/index.ts';

/** Scenarios that a page like `scenarios/UNAVAILABLE.md` excuses: its lines `- NAME: …`. */
export function excusedIn(page: string): Set<string> {
  return new Set([...page.matchAll(/^- ([\w-]+): \S/gm)].map((match) => match[1]!));
}

/** Scenarios that are known not to run, with the installation that failed. */
export function excusedScenarios(): Set<string> {
  return excusedIn(readFileSync(join(repoRoot(), 'scenarios', 'UNAVAILABLE.md'), 'utf8'));
}
