import { unreachable } from '@weft/model';
import type { LoadShape } from '../run/load.ts';
import type { Baseline } from './baselines.ts';
import { type Bin, calibrationError, sumBins } from './calibration.ts';
import type { OutcomeCounts, Score } from './score.ts';

/** One row of the tables. */
export interface Cell {
  readonly scenario: string;
  readonly shape: LoadShape;
  readonly requestsPerSecond: number;
  /** Requests that got no answer. */
  readonly errors: number;
  readonly score: Score;
  /** What Weft lost meanwhile, by cause. */
  readonly lost: Readonly<Record<string, number>>;
  /** Share of traces that must be exactly right; null: no bar. */
  readonly bar: number | null;
  /** The same load once more with `carried-id` switched off; null: no link had such evidence, so nothing would change. */
  readonly withoutCarriedId: Score | null;
  /** The same requests linked by simple rules. */
  readonly baselines: Readonly<Record<Baseline, Score>>;
}

/** What a reader must know to repeat the run. */
export interface RunFacts {
  readonly date: string;
  readonly kernel: string;
  readonly machine: string;
  readonly command: string;
}

/** `closed 8`, `open 80 %`: what a row is known by. */
export function shapeText(shape: LoadShape): string {
  switch (shape.loop) {
    case 'closed':
      return `closed ${shape.concurrency}`;
    case 'open':
      return `open ${shape.percentOfCapacity} %`;
    default:
      return unreachable(shape);
  }
}

/**
 * Share of traces that must be exactly right at the least; null where there is no bar.
 * @param ofScenario its own bar, for every load
 */
export function barFor(shape: LoadShape, ofScenario?: number): number | null {
  if (ofScenario !== undefined) return ofScenario;
  if (shape.loop === 'open') return null;
  return shape.concurrency <= 8 ? 0.99 : 0.97;
}

/** Whether a cell meets its bar: the lower end of the interval counts, and no certain link may be wrong. */
export function meetsBar(cell: Cell): boolean {
  const { score, bar } = cell;
  const sound = score.truthProblems.length === 0 && score.certain.wrong === 0;
  return sound && (bar === null || score.traces.interval.low >= bar);
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

const exactShare = ({ traces }: Score) => percent(traces.total === 0 ? 0 : traces.exact / traces.total);

function sum(counts: OutcomeCounts): number {
  return counts.right + counts.wrong + counts.missing;
}

function counted(entries: readonly (readonly [string, number])[]): string {
  const shown = entries.filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  return shown.map(([name, count]) => `${name} ${count}`).join(', ') || '–';
}

const COLUMNS = [
  'scenario',
  'load',
  'requests/s',
  'links right',
  'wrong',
  'missing',
  'traces exactly right',
  '95 % interval',
  'bar',
  'wrong of certain (≥ 0.99)',
  'evidence',
  'why not exact',
  'lost',
] as const;

function row(cell: Cell): string[] {
  const { score, bar } = cell;
  const { traces, links, certain } = score;
  const evidence = Object.entries(score.evidence).map(([kind, counts]) => [kind, sum(counts)] as const);
  const defects = Object.entries(score.defects).map(([defect, count]) => [defect, count ?? 0] as const);
  return [
    cell.scenario,
    shapeText(cell.shape),
    cell.requestsPerSecond.toFixed(0),
    String(links.right),
    String(links.wrong),
    String(links.missing),
    `${traces.exact} of ${traces.total} (${exactShare(score)})`,
    `${percent(traces.interval.low)} – ${percent(traces.interval.high)}`,
    bar === null ? '–' : `${percent(bar)} ${meetsBar(cell) ? 'met' : 'missed'}`,
    `${certain.wrong} of ${certain.total}`,
    counted(evidence),
    counted(defects),
    counted(Object.entries(cell.lost)),
  ];
}

const COMPARED = [
  'scenario',
  'load',
  'traces exactly right',
  'without `carried-id`',
  'same thread only',
  'last open request',
  'links inside processes: right',
  'same thread only',
  'last open request',
  'calibration error',
] as const;

function comparedRow({ scenario, shape, score, withoutCarriedId, baselines }: Cell): string[] {
  const { right, wrong, missing } = score.bySide.client;
  const rightInside = (of: Score) => percent(of.bySide.client.right / Math.max(1, right + wrong + missing));
  return [
    scenario,
    shapeText(shape),
    exactShare(score),
    withoutCarriedId === null ? 'the same' : exactShare(withoutCarriedId),
    exactShare(baselines['same-thread']),
    exactShare(baselines['last-open']),
    rightInside(score),
    rightInside(baselines['same-thread']),
    rightInside(baselines['last-open']),
    calibrationError(score.reliability).toFixed(4),
  ];
}

const CURVE = ['confidence', 'links', 'mean confidence', 'right'] as const;

function curve(bins: readonly Bin[]): string[][] {
  return bins.flatMap(({ from, links, right, confidence }, i) => {
    const to = bins[i + 1]?.from;
    const range = to === undefined ? `${from} – 1` : `${from} – ${to}`;
    return links === 0
      ? []
      : [[range, String(links), (confidence / links).toFixed(4), percent(right / links)]];
  });
}

/** The table for a terminal: one block a cell, since its columns are too many for 80 characters. */
export function textReport(cells: readonly Cell[]): string {
  return cells
    .map((cell) => {
      const values = row(cell);
      const compared = comparedRow(cell);
      const lines = [
        ...COLUMNS.slice(2).map((name, i) => `  ${name.padEnd(26)}${values[i + 2]}`),
        ...COMPARED.slice(3, 6).map(
          (name, i) => `  ${name.replaceAll('`', '').padEnd(26)}${compared[i + 3]}`,
        ),
        `  ${'calibration error'.padEnd(26)}${compared.at(-1)}`,
      ];
      const problems = cell.score.truthProblems.slice(0, 3).map((problem) => `  truth log: ${problem}`);
      return [`${cell.scenario}, ${shapeText(cell.shape)}`, ...lines, ...problems].join('\n');
    })
    .join('\n\n');
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => '---'), ...rows].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** The page `docs/ACCURACY.md`. */
export function markdownReport(cells: readonly Cell[], facts: RunFacts): string {
  const bins = sumBins(cells.map(({ score }) => score.reliability));
  return `# Accuracy

Generated by \`${facts.command}\` on ${facts.date}; kernel ${facts.kernel}; ${facts.machine}. Do not edit.

Programs that know nothing of Weft note in logs of their own which call they made while serving which; Weft never reads
these. The scorer finds each call's spans through the HTTP API by the call's random id and compares. The denominator
is the truth log: what was not seen is missing. A trace is exactly right when each of its calls was seen at both ends,
all its links are right and no other span is in it. The interval is Wilson's; its lower end is what meets a bar.

Closed loops have so many requests under way at any time; open loops have Poisson arrivals, at so many per cent of the capacity
(closed loop of 64, untraced). What could not run here: \`scenarios/UNAVAILABLE.md\`.

${table(COLUMNS, cells.map(row))}

## Compared with simple rules

The same requests, with the links inside processes given by a simple rule instead: "same thread only" links a call to the request
that its thread read last, "last open request" to the one of its process that came last, if it is still open. Without
\`carried-id\` is the same load once more, where a link had such evidence.

${table(COMPARED, cells.map(comparedRow))}

## How far confidence comes true

Links inside processes of all runs together, by the confidence with which they were told; expected calibration error
${calibrationError(bins).toFixed(4)}. Links over the network are left out: they are as many again, at confidence 1.

${table(CURVE, curve(bins))}
`;
}
