import { createCgroup, removeCgroup } from '../programs/index.ts';
import { linkedBy } from '../score/baselines.ts';
import { barFor, type Cell } from '../score/report.ts';
import { type Score, type ScoredSpans, scoreSpans } from '../score/score.ts';
import type { Truth } from '../score/truth.ts';
import { scenarioNamed } from './catalog.ts';
import type { LoadAmount, LoadShape, LoadSummary } from './load.ts';
import { runScenario, type ScenarioRun } from './run-scenario.ts';
import { type RunningWeft, startUp } from './weft.ts';

/** The row of one run. */
export function cellOf(run: {
  readonly scenario: string;
  readonly bar: number | null;
  readonly shape: LoadShape;
  readonly load: Pick<LoadSummary, 'requestsPerSecond' | 'errors'>;
  readonly truth: Truth;
  readonly scored: ScoredSpans;
  readonly lost: Readonly<Record<string, number>>;
  readonly withoutCarriedId: Score | null;
  readonly allowNameless: boolean;
}): Cell {
  const { scenario, bar, shape, load, truth, scored, lost, withoutCarriedId } = run;
  const spans = [...scored.sighting.spans.values()];
  const baseline = (rule: 'same-thread' | 'last-open') =>
    scoreSpans(truth, linkedBy(rule, spans), run.allowNameless).score;
  return {
    scenario,
    shape,
    requestsPerSecond: load.requestsPerSecond,
    errors: load.errors,
    score: scored.score,
    lost,
    bar,
    withoutCarriedId,
    baselines: { 'same-thread': baseline('same-thread'), 'last-open': baseline('last-open') },
  };
}

/** Whether any link, chosen or not, has evidence of this kind: if none has, switching it off changes nothing. */
export function hasEvidence({ sighting }: ScoredSpans, kind: string): boolean {
  for (const { links } of sighting.spans.values()) {
    if (links.some(({ evidence }) => evidence.some((one) => one.kind === kind))) return true;
  }
  return false;
}

/** Where the programs run and who traces them. */
export interface Tracing {
  readonly cgroup: string;
  readonly apiUrl: string;
  /** Starts a second one, which has `carried-id` switched off, for the caller to stop; null: such a run is left out. */
  startWithoutCarriedId(): Promise<RunningWeft | null>;
  stop(): Promise<void>;
}

/**
 * Starts Weft for scoring, or uses one that runs.
 * @param running its URL and the folder of the programs that it traces
 * @param kinds evidence that is switched off
 * @param extra more flags of `weft up`
 */
export async function startTracing(
  running: { readonly api?: string | undefined; readonly cgroup?: string | undefined },
  kinds: readonly string[],
  extra: readonly string[],
  signal: AbortSignal,
): Promise<Tracing> {
  const cgroup = running.cgroup ?? createCgroup(`weft-score-${process.pid}`);
  const removeOwn = async () => {
    if (running.cgroup === undefined) await removeCgroup(cgroup);
  };
  const start = (without: readonly string[]) =>
    startUp(cgroup, [...(without.length === 0 ? [] : ['--without', without.join(',')]), ...extra], signal);
  if (running.api !== undefined) {
    return { cgroup, apiUrl: running.api, startWithoutCarriedId: async () => null, stop: removeOwn };
  }
  const weft = await start(kinds).catch(async (error: unknown) => {
    await removeOwn();
    throw error;
  });
  return {
    cgroup,
    apiUrl: weft.url,
    startWithoutCarriedId: async () =>
      kinds.includes('carried-id') ? null : await start([...kinds, 'carried-id']),
    async stop() {
      await weft.stop();
      await removeOwn();
    },
  };
}

/** Runs one load of a scenario traced, and once more without `carried-id` where that may change something. */
export async function scoreCell(
  name: string,
  shape: LoadShape,
  amount: LoadAmount,
  tracing: Tracing,
  signal: AbortSignal,
): Promise<{ readonly run: ScenarioRun; readonly cell: Cell }> {
  const scenario = scenarioNamed(name);
  const options = { shape, amount, cgroup: tracing.cgroup, signal };
  const run = await runScenario(name, { ...options, apiUrl: tracing.apiUrl });
  const scored = run.scored!;
  const other = hasEvidence(scored, 'carried-id') ? await tracing.startWithoutCarriedId() : null;
  let again: ScenarioRun | null = null;
  try {
    if (other !== null) again = await runScenario(name, { ...options, apiUrl: other.url });
  } finally {
    await other?.stop();
  }
  const cell = cellOf({
    ...run,
    scored,
    bar: barFor(shape, scenario.bar),
    withoutCarriedId: again?.scored?.score ?? null,
    allowNameless: scenario.allowNameless ?? false,
  });
  return { run, cell };
}
