import { createRandom, SEEDS } from './fuzz.ts';
import { type Side, TO_CLIENT, TO_SERVER } from './protocol.ts';
import { detectProtocol } from './registry.ts';

/** Bytes that one side of a connection sent, and what they are; also of protocols that nothing here reads. */
export interface KnownStream {
  readonly protocol: string;
  readonly side: Side;
  readonly bytes: Uint8Array;
}

/** What detection said of bytes that begin anywhere. */
export interface DetectionTrial {
  /** Of what the bytes were: recorded streams, made ones, noise. */
  readonly kind: string;
  readonly samples: number;
  /** Rightly claimed. */
  readonly right: number;
  readonly wrong: number;
  /** The first wrong ones: what they were taken for, and their bytes in hexadecimal. */
  readonly examples: readonly string[];
}

const LONGEST_READ = 1460;
const MOST_EXAMPLES = 12;
const [ANY, TEXT, SMALL] = ['random bytes', 'random text', 'small numbers'] as const;

/**
 * Shows detection what a connection that is older than the watch shows: bytes of a stream from a random place on, in
 * reads of random length, the roles known or not. And noise: random bytes, random text, and small numbers among zeros,
 * which binary protocols consist of.
 * @param recorded streams of real programs
 * @param samples of each kind
 */
export function tryDetection(
  recorded: readonly KnownStream[],
  samples: number,
  seed: number,
): readonly DetectionTrial[] {
  const random = createRandom(seed);
  const pick = (streams: readonly KnownStream[]) => () => {
    const stream = streams[random(streams.length)]!;
    const from = random(stream.bytes.length);
    const to = Math.min(stream.bytes.length, from + 1 + random(random(2) === 0 ? 64 : LONGEST_READ));
    return { ...stream, bytes: stream.bytes.subarray(from, to) };
  };
  const kinds: [string, () => KnownStream][] = [
    ['made streams, cut', () => pick([madeStream(random)])()],
    ...([ANY, TEXT, SMALL] as const).map((kind): [string, () => KnownStream] => [
      kind,
      () => ({ protocol: '', side: TO_SERVER, bytes: noise(kind, random) }),
    ]),
  ];
  const filled = recorded.filter(({ bytes }) => bytes.length > 0);
  if (filled.length > 0) kinds.unshift(['recorded streams, cut', pick(filled)]);
  return kinds.map(([kind, next]) => trial(kind, next, samples, random));
}

/** The same of each place in recorded streams, with reads of these lengths, roles known or not: none is left to chance. */
export function tryEverywhere(recorded: readonly KnownStream[], lengths: readonly number[]): DetectionTrial {
  const tally = createTally();
  for (const { protocol, side, bytes } of recorded) {
    for (let from = 0; from < bytes.length; from++) {
      for (const length of lengths) {
        const read = bytes.subarray(from, from + length);
        count(tally, protocol, read, side);
        count(tally, protocol, read, null);
      }
    }
  }
  return { kind: 'recorded streams, everywhere', ...tally };
}

function trial(
  kind: string,
  next: () => KnownStream,
  samples: number,
  random: (below: number) => number,
): DetectionTrial {
  const tally = createTally();
  for (let i = 0; i < samples; i++) {
    const { protocol, side, bytes } = next();
    const isNoise = protocol === '';
    const role = random(2) === 0 ? null : isNoise && random(2) === 0 ? TO_CLIENT : side;
    count(tally, protocol, bytes, role);
  }
  return { kind, ...tally };
}

interface Tally {
  samples: number;
  right: number;
  wrong: number;
  examples: string[];
}

function createTally(): Tally {
  return { samples: 0, right: 0, wrong: 0, examples: [] };
}

function count(tally: Tally, protocol: string, bytes: Uint8Array, side: Side | null): void {
  tally.samples++;
  const found = detectProtocol(bytes, side);
  if (found === null) return;
  if (found.protocol.name === protocol) {
    tally.right++;
    return;
  }
  tally.wrong++;
  if (tally.examples.length >= MOST_EXAMPLES) return;
  const hex = Array.from(bytes.subarray(0, 64), (byte) => byte.toString(16).padStart(2, '0')).join('');
  tally.examples.push(`${protocol || 'noise'} taken for ${found.protocol.name}: ${hex}`);
}

/** Some messages of one protocol that follow each other as they are made for fuzzing. */
function madeStream(random: (below: number) => number): KnownStream {
  for (;;) {
    const [protocol, requests, responses] = SEEDS[random(SEEDS.length)]!;
    if (protocol.name === 'opaque') continue;
    const side = random(2) === 0 ? TO_SERVER : TO_CLIENT;
    // Behind an upgrade a stream is another protocol's, rightly.
    const texts = (side === TO_SERVER ? requests : responses).filter((one) => !one.includes('h2c'));
    let text = '';
    for (let i = 1 + random(4); i > 0; i--) text += texts[random(texts.length)]!;
    return { protocol: protocol.name, side, bytes: Uint8Array.from(text, (char) => char.charCodeAt(0)) };
  }
}

function noise(kind: typeof ANY | typeof TEXT | typeof SMALL, random: (below: number) => number): Uint8Array {
  const bytes = new Uint8Array(1 + random(96));
  for (let i = 0; i < bytes.length; i++) {
    if (kind === TEXT) bytes[i] = 32 + random(95);
    else if (kind === ANY || random(5) === 0) bytes[i] = random(256);
    else bytes[i] = random(2) === 0 ? 0 : random(16);
  }
  return bytes;
}
