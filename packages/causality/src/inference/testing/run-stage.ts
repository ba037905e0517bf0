import type { Inference, InferenceSettings } from '../stage.ts';
import { InferenceStage } from '../stage.ts';
import type { SyntheticLoad } from './synthetic.ts';

/** How well the stage did on a load whose truth is known. */
export interface Outcome {
  readonly inferences: readonly Inference<number, number>[];
  readonly links: number;
  readonly right: number;
  /** Share of requests all of whose calls were found, and no others. */
  readonly wholeRequests: number;
  /** Expected calibration error over ten bins. */
  readonly calibrationError: number;
}

/** Tells a load to a stage in the order of time, and compares what it concludes with the truth. */
export function runStage(load: SyntheticLoad, settings: Partial<InferenceSettings> = {}): Outcome {
  const stage = new InferenceStage<number, number>(settings);
  const place = { process: 'p', group: 'g' };
  const events: { time: number; tell: () => void }[] = [];
  load.requests.forEach(({ type, start, end, thread, endThread }, key) => {
    events.push({ time: start, tell: () => stage.request({ key, ...place, type, startUs: start, thread }) });
    events.push({ time: end, tell: () => stage.response('p', key, end, endThread) });
  });
  load.calls.forEach(({ kind, start, end, thread }, key) => {
    events.push({ time: start, tell: () => stage.call({ key, ...place, kind, startUs: start, thread }) });
    events.push({ time: end, tell: () => stage.answered('p', key, end) });
  });
  events.sort((a, b) => a.time - b.time);
  const inferences: Inference<number, number>[] = [];
  for (const { time, tell } of events) {
    tell();
    inferences.push(...stage.advance(time));
  }
  inferences.push(...stage.flush());
  return compare(load, inferences);
}

function compare(load: SyntheticLoad, inferences: readonly Inference<number, number>[]): Outcome {
  const bins = Array.from({ length: 10 }, () => ({ confidence: 0, right: 0 }));
  const spoilt = new Set<number>();
  let right = 0;
  for (const { call, parent, confidence } of inferences) {
    const truth = load.calls[call]!.parent;
    const bin = bins[Math.min(9, Math.floor(confidence * 10))]!;
    bin.confidence += confidence;
    if (parent === truth) {
      right++;
      bin.right++;
      continue;
    }
    for (const request of [parent, truth]) if (request !== null) spoilt.add(request);
  }
  const distance = bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0);
  return {
    inferences,
    links: load.calls.length,
    right,
    wholeRequests: 1 - spoilt.size / load.requests.length,
    calibrationError: distance / Math.max(1, inferences.length),
  };
}
