import type { EvidenceKind, SpanRecord } from '@weft/model';
import type { SpanOwner } from './sessions/span-builder.ts';

/** What the pipeline asks about processes; live it reads /proc, in a replay the recording. */
export interface ProcessFacts {
  owner(tgid: number): SpanOwner;
  isListening(tgid: number, port: number): boolean;
  /** A process has opened a connection. @returns false: it is one of Weft's own, whose messages are nobody's business */
  seen(tgid: number): boolean;
  executed(tgid: number, name: string): void;
  forked(tgid: number, parentTgid: number): void;
  exited(tgid: number): void;
}

export interface PipelineOptions {
  readonly mask: boolean;
  readonly without: readonly EvidenceKind[];
}

/** Receives finished spans. */
export type SpanSink = (span: SpanRecord) => void;

/**
 * Below these positions a socket's bytes are not needed to go on parsing.
 * @param whole one call may carry the heads of many messages: all of it is wanted, not its begin
 */
export type VerdictSink = (
  cookie: number,
  neededReceived: number,
  neededSent: number,
  whole: boolean,
) => void;
