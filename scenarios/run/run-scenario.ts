import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgramGroup } from '../programs/index.ts';
import { fetchLosses, fetchSpans, waitSettled } from '../score/api.ts';
import { readTruthFolder } from '../score/files.ts';
import { type ScoredSpans, scoreSpans } from '../score/score.ts';
import { readTruth, type Truth } from '../score/truth.ts';
import { scenarioNamed } from './catalog.ts';
import { type LoadAmount, type LoadShape, type LoadSummary, runLoad } from './load.ts';

export interface RunOptions {
  readonly shape: LoadShape;
  readonly amount: LoadAmount;
  /** Requests before the load; in the truth, but not counted. Default 50. */
  readonly warmup?: number;
  /** Server that holds the spans; null: run untraced, no score. */
  readonly apiUrl: string | null;
  /** cgroup v2 folder that the programs and the load enter; null: none. */
  readonly cgroup: string | null;
  /** Folder that keeps a copy of the truth logs. */
  readonly keepTruth?: string;
  /** Stops everything; the run then fails. */
  readonly signal?: AbortSignal;
}

/** One cell of the table. */
export interface ScenarioRun {
  readonly scenario: string;
  readonly shape: LoadShape;
  readonly load: LoadSummary;
  readonly truth: Truth;
  /** Null for an untraced run. */
  readonly scored: ScoredSpans | null;
  /** What Weft lost meanwhile, by cause; empty: nothing, or an untraced run. */
  readonly lost: Readonly<Record<string, number>>;
  /** Milliseconds from the end of the programs until everything was settled; null for an untraced run. */
  readonly settledAfterMs: number | null;
}

/** Clocks of the agent and of this process are read at different moments. */
const MARGIN_NANO = 1_000_000_000n;
const nowUnixNano = () => BigInt(Date.now()) * 1_000_000n;

/**
 * Starts a scenario's programs, warms them up, loads them, stops them, and scores what the server shows of it.
 * Leaves nothing behind, whatever happens.
 * @throws Error in one sentence when a program, the load or the server fails
 */
export async function runScenario(name: string, options: RunOptions): Promise<ScenarioRun> {
  const { shape, amount, warmup = 50, apiUrl, cgroup, signal } = options;
  const scenario = scenarioNamed(name);
  signal?.throwIfAborted();
  const folder = mkdtempSync(join(tmpdir(), 'weft-truth-'));
  const cleanups: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const group = createProgramGroup(cgroup);
  const abort = () => void group.stop();
  signal?.addEventListener('abort', abort, { once: true });
  const truthLog = (program: string) => join(folder, `${program}.jsonl`);
  try {
    const lostBefore = apiUrl === null ? null : await fetchLosses(apiUrl, signal);
    const from = nowUnixNano() - MARGIN_NANO;
    const target = await scenario.start({ group, truthLog, cleanup: (action) => cleanups.unshift(action) });
    if (warmup > 0) {
      const amountOfWarmup = { requests: warmup, seconds: 0 };
      await runLoad(group, target, { loop: 'closed', concurrency: 4 }, amountOfWarmup, truthLog('warmup'));
    }
    const load = await runLoad(group, target, shape, amount, truthLog('load'));
    // The programs write the rest of their truth as they end.
    await group.stop();
    signal?.throwIfAborted();
    const end = nowUnixNano();
    if (options.keepTruth !== undefined) cpSync(folder, options.keepTruth, { recursive: true });
    const truth = readTruth(readTruthFolder(folder));
    if (apiUrl === null)
      return { scenario: name, shape, load, truth, scored: null, lost: {}, settledAfterMs: null };
    const settledAfterMs = await waitSettled(apiUrl, end, 60_000, signal);
    const spans = await fetchSpans(apiUrl, from, end + MARGIN_NANO, signal);
    const scored = scoreSpans(truth, spans, scenario.allowNameless);
    const lost: Record<string, number> = {};
    for (const [cause, count] of await fetchLosses(apiUrl, signal)) {
      const more = count - (lostBefore?.get(cause) ?? 0);
      if (more > 0) lost[cause] = more;
    }
    return { scenario: name, shape, load, truth, scored, lost, settledAfterMs };
  } finally {
    signal?.removeEventListener('abort', abort);
    await group.stop();
    for (const cleanup of cleanups) cleanup();
  }
}
