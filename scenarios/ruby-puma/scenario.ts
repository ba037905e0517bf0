import { join } from 'node:path';
import { findPuma, repoRoot } from '../programs/index.ts';
import { startChain } from '../run/chain.ts';
import { FOLLOWED_EXACTLY, type Scenario } from '../run/scenario.ts';

const MISSING = 'puma is neither installed nor named by WEFT_PUMA';

/** Forked processes of four threads each, behind a reactor, in front of the services of blocking threads. */
export const rubyPuma: Scenario = {
  name: 'ruby-puma',
  description: 'Two processes of four threads each (Ruby, puma)',
  bar: FOLLOWED_EXACTLY,
  async prepare() {
    return findPuma() === null ? MISSING : null;
  },
  async start(context) {
    const command = findPuma();
    if (command === null) throw new Error(`${MISSING}.`);
    const folder = join(repoRoot(), 'scenarios', 'ruby-puma');
    const args = ['-q', '-C', join(folder, 'puma.rb'), join(folder, 'front.ru')];
    return startChain(context, { front: { command, args } });
  },
};
