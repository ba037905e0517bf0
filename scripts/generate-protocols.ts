// `npm run protocols`: takes what the last runs of tests with real servers noted, and writes docs/PROTOCOLS.md.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOLS } from '../packages/protocols/index.ts';
import { protocolsPage, type Tested } from './protocols-page.ts';

const [COMMITTED, PAGE, NOTED] = ['docs/protocols-tested.json', 'docs/PROTOCOLS.md', '.weft/tested'];

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const key = ({ protocol, program }: Tested): string => `${protocol} ${program.toLowerCase()}`;

const all = new Map<string, Tested>();
for (const one of read(COMMITTED) as Tested[]) all.set(key(one), one);
if (existsSync(NOTED)) {
  for (const file of readdirSync(NOTED)) {
    const one = read(join(NOTED, file)) as Tested;
    all.set(key(one), one);
  }
}
const tested = [...all.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
writeFileSync(COMMITTED, `[\n${tested.map((one) => `  ${JSON.stringify(one)}`).join(',\n')}\n]\n`);
writeFileSync(PAGE, protocolsPage(PROTOCOLS, tested));
process.stdout.write(`${PAGE}: ${PROTOCOLS.length} protocols, ${tested.length} programs\n`);
