import { findPython } from '../programs/index.ts';
import { pythonService, startChain } from '../run/chain.ts';
import type { Scenario } from '../run/scenario.ts';

/** Connection threads that hand their requests over to four workers. */
export const pythonExecutor: Scenario = {
  name: 'python-executor',
  description: 'Connection threads hand requests over to four workers (Python, ThreadPoolExecutor)',
  async prepare() {
    return findPython() === null ? 'Python 3 is not installed' : null;
  },
  start: (context) => startChain(context, { front: pythonService('python-executor', 'front') }),
};
