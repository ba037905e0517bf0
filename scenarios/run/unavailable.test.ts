import { expect, test } from 'vitest';
import { scenarioNamed } from './catalog.ts';
import { excusedIn, excusedScenarios } from './unavailable.ts';

test('only a line with a name and a reason excuses', () => {
  const page = 'A line `- NAME: COMMAND`.\n\n- go-x: apt-get install golang\n- empty:\nlater - not-this: x\n';
  expect([...excusedIn(page)]).toEqual(['go-x']);
});

test('nothing is excused that is not a scenario', () => {
  for (const name of excusedScenarios()) expect(scenarioNamed(name).name).toBe(name);
});
