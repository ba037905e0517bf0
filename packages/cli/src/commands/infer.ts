import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Inference } from '@weft/causality';
import type { Command, Context } from '../command.ts';
import { CliError, codeOf, failure } from '../errors.ts';
import { type InferenceScore, InferenceScorer } from '../inference/inference-score.ts';
import { SpanFeed } from '../inference/span-feed.ts';
import { parseSpanLine } from '../inference/span-line.ts';
import { count } from '../render/quantities.ts';
import { switchOption } from '../settings/option.ts';
import { flag } from '../settings/values.ts';

/** Conclusions are written in pieces of so many characters. */
const PIECE = 65_536;

export const infer: Command = {
  name: 'infer',
  summary: 'find out which served request made which call, from times alone',
  positionals: 'FILE.jsonl[.gz]',
  arity: { min: 1, max: 1 },
  options: [
    switchOption('score', 'compare with the truth in the file, which inference does not see'),
    switchOption('json', 'the score as JSON'),
  ],
  examples: ['weft infer spans.jsonl.gz', 'weft infer spans.jsonl.gz --score'],
  run: async ({ values, positionals, out, log }) => {
    const file = positionals[0]!;
    const scorer = flag(values, 'score') ? new InferenceScorer() : null;
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    const { spans, refused } = await inferFile(file, scorer, out);
    const seconds = (performance.now() - began) / 1000;
    const { user, system } = process.cpuUsage(cpuBefore);
    if (scorer !== null) {
      const score = { ...scorer.score(), spans, seconds, cpuSeconds: (user + system) / 1e6 };
      await out(flag(values, 'json') ? `${JSON.stringify(score)}\n` : scoreText(score));
    }
    if (refused > 0) log(`${count(refused, 'line')} refused: no span in the form of data/inference`);
    return 0;
  },
};

async function inferFile(
  file: string,
  scorer: InferenceScorer | null,
  out: Context['out'],
): Promise<{ spans: number; refused: number }> {
  const feed = new SpanFeed();
  let spans = 0;
  let refused = 0;
  let piece = '';
  const conclude = async (inferences: readonly Inference<string, string>[]) => {
    for (const inference of inferences) {
      if (scorer !== null) scorer.conclude(inference);
      else piece += inferenceLine(inference);
    }
    if (piece.length < PIECE) return;
    const text = piece;
    piece = '';
    await out(text);
  };
  for await (const line of linesOf(file)) {
    if (line === '') continue;
    const parsed = parseSpanLine(line);
    if (parsed === null) {
      refused++;
      continue;
    }
    spans++;
    const { span, truth } = parsed;
    if (span.kind === 'client') scorer?.expect(span.spanId, truth);
    const due = feed.add(span);
    if (due.length > 0) await conclude(due);
  }
  await conclude(feed.end());
  await out(piece);
  return { spans, refused };
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const bytes = createReadStream(file);
  const input = file.endsWith('.gz') ? bytes.pipe(createGunzip()) : bytes;
  // `pipe` does not hand errors on.
  bytes.on('error', (error) => input.destroy(error));
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new CliError(`There is no file ${file}: name spans in the form of data/inference.`);
    }
    throw failure(`${file} cannot be read`, error);
  }
}

function inferenceLine({ call, parent, confidence, alternatives }: Inference<string, string>): string {
  const line = {
    spanId: call,
    parent,
    confidence: rounded(confidence),
    alternatives: alternatives.map((other) => ({
      parent: other.parent,
      confidence: rounded(other.confidence),
    })),
  };
  return `${JSON.stringify(line)}\n`;
}

function rounded(probability: number): number {
  return Math.round(probability * 1e4) / 1e4;
}

interface TimedScore extends InferenceScore {
  readonly spans: number;
  readonly seconds: number;
  /** Processor time, of all threads of this process. */
  readonly cpuSeconds: number;
}

function scoreText(score: TimedScore): string {
  const share = (part: number, whole: number) =>
    `${part} of ${whole} (${((100 * part) / Math.max(1, whole)).toFixed(2)} %)`;
  return [
    `links right                 ${share(score.linksRight, score.links)}`,
    `whole traces right          ${share(score.tracesRight, score.traces)}`,
    `expected calibration error  ${score.calibrationError.toFixed(4)}`,
    `spans a second              ${Math.round(score.spans / score.seconds)} (${score.spans} in ${score.seconds.toFixed(2)} s; ${Math.round(score.spans / score.cpuSeconds)} a second of processor time)`,
    '',
  ].join('\n');
}
