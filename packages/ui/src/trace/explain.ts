import type { EvidenceKind, ObservationPoint } from '@weft/model';

/** Why a kind of evidence is a reason to believe that one span caused another. */
export function explainEvidence(kind: EvidenceKind): string {
  switch (kind) {
    case 'trace-context':
      return 'The request itself carried the trace’s id, as a header or property that the programs pass on.';
    case 'tcp-seq':
      return 'Both ends saw the same bytes: the sequence numbers of request and response agree on either side.';
    case 'unit':
      return 'The thread or goroutine that was serving the request made this call itself, with nothing in between.';
    case 'socket-return':
      return 'An event loop had just read the answer to an earlier call of that request when it made this one.';
    case 'lineage':
      return 'The goroutine or process that made this call was started by, or had work handed over from, the one that serves the request.';
    case 'socket-origin':
      return 'The connection of this call was opened, or taken, while that request was being served.';
    case 'wakeup':
      return 'The thread that serves the request woke this one right before it made the call.';
    case 'carried-id':
      return 'Both messages carry the same id: a request id, a correlation id, or a rare value.';
    case 'inferred':
      return 'Of all requests that were open, this one fits best by when such calls are usually made.';
  }
}

/** Where a span was seen, in a few words. */
export function explainPoint(point: ObservationPoint): string {
  switch (point) {
    case 'client-process':
      return 'as its caller saw it';
    case 'client-interface':
      return 'on the caller’s network interface';
    case 'node-interface':
      return 'on the wire in between';
    case 'server-interface':
      return 'on the server’s network interface';
    case 'server-process':
      return 'as its server saw it';
    case 'app':
      return 'as the program itself reported it';
  }
}

/** Causes of loss as agents name them → what that means; others are shown as they are. */
const LOSSES: Readonly<Record<string, string>> = {
  kernel_ring_full: 'events dropped because the agent could not read fast enough',
  kernel_scratch_busy: 'payloads not copied because the CPU’s buffer was in use',
  kernel_storage: 'sockets without memory for their state',
  kernel_payload_fault: 'payloads that were not in memory when they were read',
  kernel_uring_buffer: 'io_uring buffers that cannot be read',
  kernel_segments: 'messages with more segments than are copied',
  kernel_shed: 'calls not traced to stay within the CPU budget',
  kernel_tls_socket: 'TLS messages whose socket is not known',
  connection_evicted: 'connections forgotten to stay within bounds',
  joint_work:
    'calls of busy event loops matched without weighing what came before and after, to stay within the work allowed',
  malformed_gap: 'gaps after bytes that no parser understood',
};

export function explainLoss(cause: string): string {
  return LOSSES[cause] ?? cause.replaceAll('_', ' ');
}
