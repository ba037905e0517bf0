import type { EvidenceKind, SpanRecord } from '@weft/model';
import type { ParserOptions } from '@weft/protocols';
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

/** What parsers are told, and: */
export interface PipelineOptions extends Omit<ParserOptions, 'datagrams'> {
  readonly without: readonly EvidenceKind[];
  /** Unix time of the events' moment 0, ns; hosts must agree on it (to seconds) to join what goes over UDP. */
  readonly epochUnixNanos?: number;
}

/** Receives finished spans. */
export type SpanSink = (span: SpanRecord) => void;

/** Told what is wanted of the kernel side: how much of sockets' payload, and who wakes whom. */
export interface VerdictSink {
  /** Nothing below the needed positions of each direction, then up to `limit` bytes a call. */
  heads(cookie: number, neededReceived: number, neededSent: number, limit: number): void;
  /** Whole calls of sockets whose server has this port, until they have a verdict of their own. */
  wholeCalls(serverPort: number): void;
  /** Which threads of a process wake which: it serves requests. */
  wakes(tgid: number): void;
}
