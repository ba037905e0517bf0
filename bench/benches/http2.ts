import { http2, type MessageSink, type Side } from '@weft/protocols';
import type { Bench, BenchContext } from '../bench.ts';
import { type Read, recordRequests, recordStreams } from '../lab/http2-corpus.ts';
import { fixed, median, span } from '../stats.ts';

const REQUESTS = 20_000;
const [CALLS, MESSAGES] = [500, 400];
const BARS = { blocks: 100_000, messages: 200_000 };

/** What the parser made of a recording. */
interface Parsed {
  /** Requests and responses, all of which have ended. */
  readonly complete: number;
  /** Messages of gRPC in them. */
  readonly messages: number;
  /** Of one core, user and system. */
  readonly seconds: number;
}

/** @throws Error when the parser refuses something, or leaves something open */
function parse(reads: readonly Read[]): Parsed {
  let open = 0;
  let complete = 0;
  let messages = 0;
  const sink: MessageSink = {
    message: () => {
      open++;
    },
    end: (_message, _position, extra) => {
      open--;
      complete++;
      messages += Number(extra?.['weft.rpc.request.messages'] ?? extra?.['weft.rpc.response.messages'] ?? 0);
    },
    malformed: (_side, cause) => {
      throw new Error(`The parser refuses what Node sends: ${cause}.`);
    },
  };
  const parser = http2.createParser(sink, { mask: true });
  const at: [number, number] = [0, 0];
  const begin = process.cpuUsage();
  for (const { side, bytes } of reads) {
    parser.feed(side satisfies Side, bytes, at[side]);
    at[side] += bytes.length;
  }
  const { user, system } = process.cpuUsage(begin);
  if (open !== 0) throw new Error(`The parser left ${open} messages open.`);
  return { complete, messages, seconds: (user + system) / 1e6 };
}

/** Rates of several runs. @throws Error unless each gives what was said */
function measure(
  context: BenchContext,
  reads: readonly Read[],
  expected: Omit<Parsed, 'seconds'>,
  units: number,
): number[] {
  const rates: number[] = [];
  const runs = context.quick ? 3 : 9;
  for (let run = 0; run < runs + 2; run++) {
    const { complete, messages, seconds } = parse(reads);
    if (complete !== expected.complete || messages !== expected.messages) {
      throw new Error(`The parser found ${complete} messages with ${messages} of gRPC in them.`);
    }
    // The compiler has to see the code first.
    if (run >= 2) rates.push(units / seconds);
  }
  return rates;
}

/** How fast the HTTP/2 parser reads what real programs say. */
export const http2Rate: Bench = {
  name: 'http2',
  title: 'HTTP/2 and gRPC, the parser alone',
  async run(context) {
    const calls = REQUESTS / 4;
    // A head for each request and response, trailers for the calls.
    const blocks = measure(
      context,
      await recordRequests(REQUESTS),
      { complete: 2 * REQUESTS, messages: 2 * calls },
      2 * REQUESTS + calls,
    );
    const streamed = 2 * CALLS * MESSAGES;
    const messages = measure(
      context,
      await recordStreams(CALLS, MESSAGES),
      { complete: 2 * CALLS, messages: streamed },
      streamed,
    );
    const bars = [
      { what: 'header blocks/s on one core', limit: BARS.blocks, rates: blocks },
      { what: 'streamed gRPC messages/s on one core', limit: BARS.messages, rates: messages },
    ];
    return {
      name: http2Rate.name,
      title: http2Rate.title,
      method: [
        `What Node's HTTP/2 client and server say to each other (Huffman coding, dynamic tables that are always full) is recorded and read, both ways, in the pieces in which it passed, by CPU time: ${REQUESTS} requests with their answers, every fourth a unary gRPC call with trailers; and ${CALLS} calls that stream ${MESSAGES} messages of 20 to 400 bytes each way, several at a time. All requests, responses and messages must come out complete.`,
      ],
      tables: [
        {
          caption: 'Of the parser',
          head: ['', 'a second', 'runs', 'times the bar'],
          rows: bars.map(({ what, limit, rates }) => [
            ...[what, fixed(median(rates)), span(rates), fixed(median(rates) / limit, 1)],
          ]),
        },
      ],
      bars: bars.map(({ what, limit, rates }) => ({
        what,
        limit: `≥ ${fixed(limit)}`,
        value: fixed(median(rates)),
        met: median(rates) >= limit,
      })),
    };
  },
};
