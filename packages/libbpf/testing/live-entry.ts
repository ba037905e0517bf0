import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { call, kernelIds, openFixture, readSequences } from './live.ts';

/** What the program does in the end: the tests want each of them to leave nothing in the kernel. */
export type Ending = 'close' | 'leave' | 'throw' | 'wait';

const { path, ending } = (isMainThread ? { path: process.argv[2], ending: process.argv[3] } : workerData) as {
  path: string;
  ending: Ending;
};

const object = openFixture(path);
object.load();
const ring = object.map('events').openRing();
object.attach();
call(40);
const offset =
  object.btf.struct('fixture_event')?.members.find(({ name }) => name === 'sequence')?.offset ?? 0;
const report = { ids: kernelIds(object), events: readSequences(ring, offset).length };

if (parentPort === null) process.stdout.write(`${JSON.stringify(report)}\n`);
else parentPort.postMessage(report);

switch (ending) {
  case 'close':
    object.close();
    break;
  case 'leave':
    break;
  case 'throw':
    throw new Error('on purpose');
  case 'wait':
    setInterval(() => undefined, 1000);
}
