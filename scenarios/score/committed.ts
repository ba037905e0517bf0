import type { Cell } from './report.ts';
import { shapeText } from './report.ts';
import { wilson } from './wilson.ts';

/** Lower end of each row's interval, 0..1, by `scenario, load`. */
export type CommittedLows = ReadonlyMap<string, number>;

const ROW = /^\| ([\w-]+) \| ([^|]+) \|.*\| ([\d.]+) % – [\d.]+ % \|/;

/** Reads the table of a page that `markdownReport` wrote. */
export function readCommitted(page: string): CommittedLows {
  const lows = new Map<string, number>();
  for (const line of page.split('\n')) {
    const match = ROW.exec(line);
    if (match !== null) lows.set(`${match[1]}, ${match[2]!.trim()}`, Number(match[3]) / 100);
  }
  return lows;
}

/** Cells whose share of exactly right traces lies below the interval that is committed, with its own interval, or that have none; a sentence each. */
export function belowCommitted(cells: readonly Cell[], committed: CommittedLows): string[] {
  return cells.flatMap((cell) => {
    const name = `${cell.scenario}, ${shapeText(cell.shape)}`;
    const low = committed.get(name);
    if (low === undefined)
      return [`${name}: the table has no such row; make it anew with \`npm run score\`.`];
    const { exact, total } = cell.score.traces;
    const share = total === 0 ? 0 : exact / total;
    // Both are samples: below is what lies below with its own interval, too. The table has two decimals of a per cent.
    if (total > 0 && wilson(exact, total).high >= low - 0.00005) return [];
    return [
      `${name}: ${exact} of ${total} traces exactly right (${percent(share)}), below the table's ${percent(low)}.`,
    ];
  });
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
