import type { Command } from '../command.ts';
import { loadScenarios } from '../modules.ts';

/** Its options are those of the scorer; they are handed on as they are. */
export const score: Command = {
  name: 'score',
  summary: 'measure the links against the ground truth of scenarios',
  positionals: '[SCENARIO…]',
  arity: { min: 0, max: Number.POSITIVE_INFINITY },
  options: [],
  examples: ['weft score', 'weft score python-threads --concurrency 1,8'],
  run: async ({ positionals }) => (await loadScenarios()).scoreMain(positionals),
};
