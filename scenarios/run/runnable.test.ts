import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repoRoot } from '../programs/index.ts';
import { SCENARIOS } from './catalog.ts';
import { readUnavailable } from './runnable.ts';

test('a scenario is excused by a line that names it and the command that failed', () => {
  const page = [
    '# Title',
    '- `java-netty`: `apt-get install maven`: no such package',
    '- `java-jetty`: because',
    '    - `name`: `command`: what it said',
    'text about `go-goroutines`: `x`: y',
  ].join('\n');
  expect([...readUnavailable(page)]).toEqual(['java-netty']);
});

test('what is excused here exists', () => {
  const page = readFileSync(join(repoRoot(), 'scenarios', 'UNAVAILABLE.md'), 'utf8');
  const names = SCENARIOS.map(({ name }) => name);
  expect([...readUnavailable(page)].filter((name) => !names.includes(name))).toEqual([]);
});
