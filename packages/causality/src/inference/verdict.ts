/** What was decided of a window. */
export interface Verdict {
  /** Request of each call, or `ORPHAN`. */
  readonly parents: Int32Array;
  /** For each call: probability by request. */
  readonly marginals: readonly ReadonlyMap<number, number>[];
  /** Assignments as likely as their share, to learn from. */
  readonly samples: readonly Int32Array[];
  /** There is no other likely assignment, and hardly will be. */
  readonly settled: boolean;
}
