import { type EventModel, NEXT_CALL, NEXT_CALL_END, NEXT_RESPONSE, type RequestType } from './model.ts';
import type { Window } from './window.ts';

/** Lags looked at: those of so many followers of an event, and of so many events. */
const MAX_FOLLOWERS = 48;
const MAX_EVENTS = 1_500;
/** Lags longer than this share of the requests take are not looked at. */
const LONG_REQUEST = 0.9;
/** Bins of lags: so many an octave, the first so wide. */
const PER_OCTAVE = 3;
const FINEST_US = 8;
const BINS = 64;

/** Times of one sort of event in all windows, ascending. */
type Times = Float64Array;

/**
 * First impression of a group without any assignment: how much more often than by chance a call (or a response)
 * follows an event after some time. Chance is what is seen in the other direction of time. The
 * cross-correlogram of neuroscience (Perkel, Gerstein and Moore, 1967). Works under any load, also
 * where no request is ever alone.
 */
export function bootstrap(windows: readonly Window[]): void {
  const types = new Map<RequestType, { starts: number[]; ends: number[] }>();
  const starts: number[][] = [];
  const ends: number[][] = [];
  for (const { requests, calls } of windows) {
    for (const { type, start, end } of requests) {
      let times = types.get(type);
      if (times === undefined) {
        times = { starts: [], ends: [] };
        types.set(type, times);
      }
      times.starts.push(start);
      if (end !== Number.POSITIVE_INFINITY) times.ends.push(end);
    }
    for (const { kind, start, end } of calls) {
      starts[kind] ??= [];
      ends[kind] ??= [];
      starts[kind].push(start);
      if (end !== Number.POSITIVE_INFINITY) ends[kind].push(end);
    }
  }
  const longest = longLag(windows);
  const callStarts = starts.map((times) => ascending(times));
  const callEnds = ends.map((times) => ascending(times));
  for (const [type, times] of types) {
    const responses = ascending(times.ends);
    const sources: { event: EventModel; times: Times; call: boolean }[] = [
      { event: type.initial.event, times: ascending(times.starts), call: false },
    ];
    callStarts.forEach((of, kind) => {
      sources.push({ event: type.initial.afterCall(kind).event, times: of, call: true });
    });
    callEnds.forEach((of, kind) => {
      sources.push({
        event: type.initial.afterCall(kind).afterEnd(kind, false).event,
        times: of,
        call: false,
      });
    });
    for (const source of sources) {
      let followed = 0;
      callStarts.forEach((followers, kind) => {
        followed += learnLags(source.event, NEXT_CALL + kind, source.times, followers, longest);
      });
      followed += learnLags(source.event, NEXT_RESPONSE, source.times, responses, longest);
      if (source.call)
        source.event.next.add(
          NEXT_CALL_END,
          Math.max(Math.min(source.times.length, MAX_EVENTS) - followed, followed),
        );
    }
  }
}

function ascending(times: readonly number[]): Times {
  return Float64Array.from(times).sort();
}

/** Time that most requests take no longer than. */
function longLag(windows: readonly Window[]): number {
  const durations = windows.flatMap(({ requests }) => requests.map(({ start, end }) => end - start));
  durations.sort((a, b) => a - b);
  return durations[Math.floor(durations.length * LONG_REQUEST)] ?? 0;
}

/** @returns how often this follows beyond chance */
function learnLags(
  event: EventModel,
  next: number,
  allTimes: Times,
  followers: Times,
  longest: number,
): number {
  const times = allTimes.subarray(0, MAX_EVENTS);
  const after = lags(times, followers, 1, longest);
  const before = lags(times, followers, -1, longest);
  let total = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const excess = after[bin]! - before[bin]!;
    // Within two standard deviations of chance it is chance.
    if (excess <= 2 * Math.sqrt(after[bin]! + before[bin]!)) continue;
    total += excess;
    event.delay(next).add(FINEST_US * (2 ** ((bin + 0.5) / PER_OCTAVE) - 1), excess);
  }
  if (total > 0) event.next.add(next, Math.min(total, times.length));
  return Math.min(total, times.length);
}

/** How many followers come after (direction 1) or before (-1) each time, by the lag between. */
function lags(times: Times, followers: Times, direction: 1 | -1, longest: number): Float64Array {
  const counts = new Float64Array(BINS);
  let from = 0;
  for (const time of times) {
    while (from < followers.length && followers[from]! < time) from++;
    const first = direction === 1 ? from : from - 1;
    for (let i = 0; i < MAX_FOLLOWERS; i++) {
      const follower = followers[first + direction * i];
      if (follower === undefined) break;
      const lag = Math.abs(follower - time);
      if (lag > longest) break;
      const bin = Math.floor(PER_OCTAVE * Math.log2(1 + lag / FINEST_US));
      if (bin >= BINS) break;
      counts[bin]!++;
    }
  }
  return counts;
}
