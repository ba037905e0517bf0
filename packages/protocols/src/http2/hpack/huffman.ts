/** Code lengths in bits of the symbols 0…255 and EOS (RFC 7541 Appendix B). The code is canonical: lengths say all. */
// biome-ignore format: a table
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];
const EOS = 256;
const LONGEST = 30;

/** A step by four bits: the next state in the upper bits, a symbol below if `EMIT` is set. No code is shorter than five. */
const EMIT = 1 << 8;
const STATE_SHIFT = 9;
const FAILED = 0xffffffff;
const STEPS = new Uint32Array(256 * 16).fill(FAILED);
/** States in which a text may end: at most seven bits of ones, the begin of EOS, are left (RFC 7541 §5.2). */
const MAY_END = new Uint8Array(256);

/** Children of the inner nodes of the code's tree: another node, or -1 - symbol. */
function codeTree(): readonly [number, number][] {
  const tree: [number, number][] = [[0, 0]];
  let code = 0;
  for (let length = 1; length <= LONGEST; length++, code <<= 1) {
    for (const [symbol, bits] of LENGTHS.entries()) {
      if (bits !== length) continue;
      let node = 0;
      for (let bit = length - 1; bit > 0; bit--) {
        const branch = (code >>> bit) & 1;
        let next = tree[node]![branch]!;
        if (next === 0) {
          next = tree.push([0, 0]) - 1;
          tree[node]![branch] = next;
        }
        node = next;
      }
      tree[node]![code & 1] = -1 - symbol;
      code++;
    }
  }
  return tree;
}

function fillSteps(): void {
  const tree = codeTree();
  for (let state = 0; state < tree.length; state++) {
    for (let bits = 0; bits < 16; bits++) {
      let node = state;
      let emitted = 0;
      let isEos = false;
      for (let bit = 3; bit >= 0; bit--) {
        node = tree[node]![(bits >>> bit) & 1]!;
        if (node >= 0) continue;
        const symbol = -1 - node;
        isEos ||= symbol === EOS;
        emitted = EMIT | symbol;
        node = 0;
      }
      if (!isEos) STEPS[state * 16 + bits] = (node << STATE_SHIFT) | emitted;
    }
  }
  for (let ones = 0, node = 0; ones <= 7; ones++) {
    MAY_END[node] = 1;
    node = tree[node]![1];
  }
}
fillSteps();

/**
 * Decodes the Huffman-coded bytes [from, to) into `out`, which must hold 8/5 of them.
 * @returns the number of bytes written; -1 where they are no code (EOS, wrong padding)
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number, out: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    const high = STEPS[(state << 4) | (byte >>> 4)]!;
    if (high === FAILED) return -1;
    if ((high & EMIT) !== 0) out[length++] = high;
    const low = STEPS[((high >>> STATE_SHIFT) << 4) | (byte & 15)]!;
    if (low === FAILED) return -1;
    if ((low & EMIT) !== 0) out[length++] = low;
    state = low >>> STATE_SHIFT;
  }
  return MAY_END[state] === 1 ? length : -1;
}
