import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SpanJson } from '@weft/model';
import type { TruthFile } from './truth.ts';

/** All truth logs of a folder (`*.jsonl`). */
export function readTruthFolder(folder: string): TruthFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
}

/** Spans of a file that holds one span in JSON a line, as `weft replay --jsonl` prints it. @throws Error naming the bad line */
export async function readSpanLines(file: string): Promise<SpanJson[]> {
  const spans: SpanJson[] = [];
  let number = 0;
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    number++;
    if (line.trim() === '') continue;
    try {
      spans.push(JSON.parse(line) as SpanJson);
    } catch {
      throw new Error(`Line ${number} of ${file} is not JSON.`);
    }
  }
  return spans;
}
