import { goGoroutines } from '../go-goroutines/scenario.ts';
import { haproxyProxy } from '../haproxy-proxy/scenario.ts';
import { JAVA_SCENARIOS } from '../java/scenarios.ts';
import { nginxProxy } from '../nginx-proxy/scenario.ts';
import { nodeEventLoop } from '../node-event-loop/scenario.ts';
import { pythonAsyncio } from '../python-asyncio/scenario.ts';
import { pythonFork } from '../python-fork/scenario.ts';
import { pythonThreads } from '../python-threads/scenario.ts';
import type { Scenario } from './scenario.ts';

/** All scenarios, in the order of the table. */
export const SCENARIOS: readonly Scenario[] = [
  pythonThreads,
  pythonFork,
  pythonAsyncio,
  nodeEventLoop,
  goGoroutines,
  nginxProxy,
  haproxyProxy,
  ...JAVA_SCENARIOS,
];

/** The scenario of that name. @throws Error that lists the names */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) {
    const names = SCENARIOS.map((scenario) => scenario.name).join(', ');
    throw new Error(`There is no scenario ${name}; there are ${names}.`);
  }
  return found;
}
