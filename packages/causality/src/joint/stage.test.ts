import { describe, expect, test } from 'vitest';
import type { Candidate, ServedRequest } from '../facts.ts';
import { pseudoRandom } from '../inference/random.ts';
import { type JointSettings, JointStage } from './stage.ts';

interface Request extends ServedRequest {
  readonly name: string;
}

const PLACE = { tgid: 1, tid: 10 };
const MILLISECOND = 1e6;

/**
 * A made-up event loop: it reads what is ready, and acts on each read a round later, in the order of reading. Requests
 * call `a`, some of them `b` after that, and answer.
 */
function run(requests: number, open: number, settings: Partial<JointSettings> = {}) {
  const random = pseudoRandom(7);
  const told = new Map<string, readonly Candidate<Request>[]>();
  const stage = new JointStage<Request, string>((call, candidates) => told.set(call, candidates), settings);
  const truth = new Map<string, string>();
  const undecided: string[] = [];
  const underWay: { call: string; owner: Request; due: number; more: boolean }[] = [];
  let reads: (() => void)[] = [];
  let time = 0;
  let begun = 0;
  let served = 0;
  let most = 0;
  let refused = 0;
  const at = () => {
    time += 20_000;
    return { ...PLACE, time };
  };
  const send = (owner: Request, kind: string, more: boolean) => {
    const call = `${kind}${truth.size}`;
    truth.set(call, owner.name);
    if (stage.callSent(call, kind, null, at())) undecided.push(call);
    else if (stage.overworked) refused++;
    underWay.push({ call, owner, due: time + random() * 20 * MILLISECOND, more });
  };
  const answer = (owner: Request) => {
    stage.responseWritten(owner, 'GET /', at());
    stage.requestServed(owner, PLACE.tgid, time);
    served++;
  };
  while (served < requests) {
    const acts = reads;
    reads = [];
    for (const act of acts) act();
    for (const done of underWay.filter(({ due }) => due <= time)) {
      underWay.splice(underWay.indexOf(done), 1);
      stage.callEnded(done.call, at());
      stage.answerRead(done.call, at());
      reads.push(() => (done.more ? send(done.owner, 'b', false) : answer(done.owner)));
    }
    while (begun < requests && begun - served < open) {
      const request = {
        name: `r${begun++}`,
        tgid: 1,
        openedAt: time,
        traceId: null,
        open: true,
        calls: 0,
        underWay: 0,
      };
      stage.requestRead(request, 'GET /', at());
      reads.push(() => (random() < 0.1 ? answer(request) : send(request, 'a', random() < 0.4)));
    }
    time += MILLISECOND;
    if (Math.floor(time / (100 * MILLISECOND)) !== Math.floor((time - MILLISECOND) / (100 * MILLISECOND))) {
      stage.advance(time);
    }
    most = Math.max(most, stage.size);
  }
  stage.flush();
  return { stage, told, truth, undecided, most, refused, seconds: time / 1e9 };
}

const right = ({ told, truth, undecided }: ReturnType<typeof run>) =>
  undecided.filter((call) => told.get(call)?.[0]?.request.name === truth.get(call)).length / undecided.length;

describe('calls of an event loop that nothing certain explains', () => {
  test.each([4, 16, 40])('%i requests open: their order and the answers tell', (open) => {
    const result = run(1_500, open);
    expect(result.undecided.length).toBeGreaterThan(1_500);
    expect(result.told.size).toBe(result.undecided.length);
    expect(right(result)).toBeGreaterThan(0.95);
    for (const [best] of result.told.values()) expect(best?.confidence ?? 0).toBeLessThan(0.99);
  });

  test('the same story gives the same conclusions', () => {
    const conclusions = () => JSON.stringify([...run(300, 16).told].map(([call, causes]) => [call, causes]));
    expect(conclusions()).toBe(conclusions());
  });

  test('what waits is bounded: past it the oldest is told early', () => {
    const { stage, told, undecided } = run(600, 40, { mostWaiting: 20 });
    expect(told.size).toBe(undecided.length);
    expect(stage.waiting).toBe(0);
  });

  test('work is bounded: past it calls are not taken in, and it goes on when it has rested', () => {
    const free = run(3_000, 40);
    const mostWork = free.stage.work / free.seconds / 20;
    const { stage, told, undecided, refused, seconds } = run(3_000, 40, { mostWork });
    expect(free.refused).toBe(0);
    expect(refused).toBeGreaterThan(100);
    expect(undecided.length).toBeGreaterThan(300);
    expect(told.size).toBe(undecided.length);
    // What was saved up comes on top, and the look during which it was used up.
    expect(stage.work).toBeLessThan(1.1 * mostWork * (seconds + 1));
    expect(stage.waiting).toBe(0);
  });

  test('memory does not grow with what has passed', () => {
    expect(run(3_000, 16).most).toBeLessThan(1.5 * run(1_500, 16).most);
  });

  test('a process that ends leaves nothing behind', () => {
    const told: string[] = [];
    const stage = new JointStage<Request, string>((call) => told.push(call));
    stage.callSent('first', 'a', null, { ...PLACE, time: 1 });
    expect(stage.callSent('second', 'a', null, { ...PLACE, time: 2 })).toBe(true);
    stage.processExited(PLACE.tgid);
    expect(told).toEqual(['second']);
    expect([stage.size, stage.waiting]).toEqual([0, 0]);
  });
});
