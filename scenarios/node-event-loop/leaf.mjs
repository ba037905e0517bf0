// End of the tree: calls nobody, so its timer cannot blur any link.
import { createHash } from 'node:crypto';
import { longTailed, serve } from './common.mjs';

serve(async (serving) => {
  await new Promise((resolve) => setTimeout(resolve, longTailed(3, 80)));
  let digest = serving;
  for (let round = 0; round < 100; round++) digest = createHash('sha256').update(digest).digest('hex');
  return Math.random() < 0.04 ? [503, { error: 'leaf' }] : [200, { digest }];
});
