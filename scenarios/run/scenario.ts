import type { ProgramGroup } from '../programs/index.ts';

/** Requests go to `prefix` + call id, chosen by weight. */
export interface LoadPath {
  readonly prefix: string;
  readonly weight: number;
}

/** Where the load goes once a scenario's programs listen. */
export interface LoadTarget {
  readonly port: number;
  readonly paths: readonly LoadPath[];
  /** Each request brings an `X-Request-ID` of its own, which is not its call id. */
  readonly requestIds?: boolean;
}

/** What a scenario gets to start its programs with. */
export interface ScenarioContext {
  readonly group: ProgramGroup;
  /** Path of the truth log of one program; a file of its own each. */
  truthLog(program: string): string;
  /** Runs after the programs have ended. */
  cleanup(action: () => void): void;
}

/** The bar where each unit of execution, or the socket, tells whom it works for. */
export const FOLLOWED_EXACTLY = 0.995;

/** Programs that know nothing of Weft, how to start them, how to load them (DESIGN §9). */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  /**
   * Whole traces that must be exactly right at every load, 0..1, at the lower end of the interval. Absent: the usual bars of closed
   * loops, 0.99 and from a concurrency of 64 on 0.97.
   */
  readonly bar?: number;
  /** Spans that carry no call's id are part of the truth (logins, pings). Default: they are too many. */
  readonly allowNameless?: boolean;
  /** Runs when scores are asked for, not in the tests: set-up does not bring what it needs. */
  readonly extra?: boolean;
  /** Builds what must be built. @returns why the scenario cannot run here, or null */
  prepare(): Promise<string | null>;
  /** Starts the programs; the group stops them, also when this fails half-way. */
  start(context: ScenarioContext): Promise<LoadTarget>;
}
