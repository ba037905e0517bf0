import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PROTOCOLS } from '../packages/protocols/index.ts';
import { protocolsPage, type Tested } from './protocols-page.ts';

const read = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');
const tested = JSON.parse(read('protocols-tested.json')) as Tested[];

describe('docs/PROTOCOLS.md', () => {
  test('is what `npm run protocols` makes of the code', () => {
    expect(read('PROTOCOLS.md')).toBe(protocolsPage(PROTOCOLS, tested));
  });

  test('has a row for each protocol, and a program only for what there is', () => {
    const keys = PROTOCOLS.flatMap(({ name, summaries }) => summaries?.map(({ key }) => key) ?? [name]);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { protocol, program } of tested) expect(keys, program).toContain(protocol);
  });
});

test('a protocol that says nothing of itself is listed by its name', () => {
  const { summaries: _, ...bare } = PROTOCOLS[0]!;
  const page = protocolsPage(
    [{ ...bare, name: 'new' }],
    [{ protocol: 'new', program: 'Newd', version: '1.2' }],
  );
  expect(page).toContain('| new | | | Newd 1.2 | |');
});
