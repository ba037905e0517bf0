/** Reads that may act in one pass, and writes that one pass explains. */
export const MOST_READS = 96;
export const MOST_WRITES = 64;

/**
 * A pass of an event loop: what it has read and not acted on, in the order of reading, and what it then writes, in the
 * order of writing. A loop acts in the order in which it read: writes and the reads that led to them do not cross. So
 * a pass is explained as two strings are aligned (pair hidden Markov model: Durbin et al., Biological sequence
 * analysis, 1998, ch. 4): each read is passed over or leads to writes, each write is led to by a read or by nothing
 * that was seen; going forwards and backwards gives every pair its probability.
 *
 * Filled in by the caller and read out after `solve`; reused for all passes, so that nothing is allocated. All rows are `MOST_READS` wide.
 */
export class Alignment {
  reads = 0;
  writes = 0;
  /** Of a read: that it leads to nothing now. */
  readonly skip = new Float64Array(MOST_READS);
  /** Of a write and a read: that the read leads to it, before any other. */
  readonly lead = new Float64Array(MOST_WRITES * MOST_READS);
  /** Of a write and a read: that the read that led to the write before leads to this one too. */
  readonly again = new Float64Array(MOST_WRITES * MOST_READS);
  /** Of the write before: nothing more is led to by its read. */
  readonly stop = new Float64Array(MOST_WRITES + 1);
  /** Of a write: nothing that was seen led to it. */
  readonly stray = new Float64Array(MOST_WRITES);

  /** That after a write the loop goes through what it has read from the beginning once more: what looks like one pass were two. */
  round = 0;

  /** Expected number of such rounds. */
  rounds = 0;
  /** Probability that the read led to the write (as its first, or a further one). */
  readonly pair = new Float64Array(MOST_WRITES * MOST_READS);
  /** Probability that the read led to the write before any other. */
  readonly first = new Float64Array(MOST_WRITES * MOST_READS);

  // Rows: after so many writes; reads: with so many reads gone through.
  readonly #done = new Float64Array((MOST_WRITES + 1) * (MOST_READS + 1));
  readonly #acting = new Float64Array((MOST_WRITES + 1) * (MOST_READS + 1));
  readonly #doneBack = new Float64Array((MOST_WRITES + 1) * (MOST_READS + 1));
  readonly #actingBack = new Float64Array((MOST_WRITES + 1) * (MOST_READS + 1));
  /** What each row was divided by, lest its numbers vanish. */
  readonly #ends = new Float64Array(MOST_WRITES + 1);
  readonly #scale = new Float64Array(MOST_WRITES + 1);

  /** Fills in `pair` and `first`. @returns false: no way to explain the pass */
  solve(): boolean {
    this.rounds = 0;
    return this.#forwards() && this.#backwards();
  }

  #forwards(): boolean {
    const { reads, writes, skip, lead, again, stop, stray } = this;
    const done = this.#done;
    const acting = this.#acting;
    const width = MOST_READS + 1;
    for (let i = 0; i <= writes; i++) {
      const row = i * width;
      const before = row - width;
      const cells = (i - 1) * MOST_READS;
      let sum = i === 0 ? 1 : done[before]! * stray[i - 1]!;
      done[row] = sum;
      acting[row] = 0;
      for (let j = 1; j <= reads; j++) {
        let act = 0;
        let rest = done[row + j - 1]! * skip[j - 1]!;
        if (i > 0) {
          const cell = cells + j - 1;
          act = done[before + j - 1]! * lead[cell]! + acting[before + j]! * again[cell]!;
          rest += done[before + j]! * stray[i - 1]! + act * stop[i]!;
        }
        acting[row + j] = act;
        done[row + j] = rest;
        sum += act + rest;
      }
      if (!(sum > 0)) return false;
      const scale = 1 / sum;
      this.#scale[i] = scale;
      for (let j = 0; j <= reads; j++) {
        done[row + j]! *= scale;
        acting[row + j]! *= scale;
      }
      if (i > 0 && i < writes) {
        // Once more round: through what is left, and from the beginning.
        this.#ends[i] = done[row + reads]!;
        let round = done[row + reads]! * this.round;
        for (let j = 0; j <= reads; j++) {
          done[row + j]! += round;
          if (j < reads) round *= skip[j]!;
        }
      }
    }
    return done[writes * width + reads]! > 0;
  }

  #backwards(): boolean {
    const { reads, writes, skip, lead, again, stop, stray, pair, first } = this;
    const done = this.#done;
    const acting = this.#acting;
    const doneBack = this.#doneBack;
    const actingBack = this.#actingBack;
    const width = MOST_READS + 1;
    const total = done[writes * width + reads]!;
    for (let i = writes; i >= 0; i--) {
      const row = i * width;
      const after = row + width;
      const cells = i * MOST_READS;
      const scale = i < writes ? this.#scale[i + 1]! : 1;
      for (let j = reads; j >= 0; j--) {
        let rest = j === reads ? (i === writes ? 1 / total : 0) : skip[j]! * doneBack[row + j + 1]!;
        let act = 0;
        if (i < writes) {
          rest += stray[i]! * doneBack[after + j]! * scale;
          if (j < reads) rest += lead[cells + j]! * actingBack[after + j + 1]! * scale;
          if (j > 0) act = again[cells + j - 1]! * actingBack[after + j]! * scale;
        }
        doneBack[row + j] = rest;
        actingBack[row + j] = act;
      }
      if (i > 0 && i < writes) {
        // The way round leads from the last column to the first: what can be reached from there counts there too.
        const round = this.round * doneBack[row]!;
        this.rounds += this.#ends[i]! * round;
        let through = round;
        for (let j = reads; j >= 0; j--) {
          doneBack[row + j]! += through;
          if (j > 0) through *= skip[j - 1]!;
        }
      }
      for (let j = 1; j <= reads; j++) actingBack[row + j]! += stop[i]! * doneBack[row + j]!;
    }
    for (let i = 0; i < writes; i++) {
      const row = i * width;
      const after = row + width;
      const cells = i * MOST_READS;
      const scale = this.#scale[i + 1]!;
      for (let j = 0; j < reads; j++) {
        const cell = cells + j;
        const further = actingBack[after + j + 1]! * scale;
        const one = done[row + j]! * lead[cell]! * further;
        first[cell] = one;
        pair[cell] = one + acting[row + j + 1]! * again[cell]! * further;
      }
    }
    return true;
  }
}
