/** A span as data/inference has it, without the fields that tell the truth. Times in microseconds. */
export interface ObservedSpan {
  readonly process: string;
  readonly service: string;
  readonly spanId: string;
  readonly kind: 'server' | 'client';
  readonly endpoint: string;
  readonly peer: string;
  readonly startUs: number;
  readonly endUs: number;
  /** Thread of its first message, null: not known. */
  readonly thread: number | null;
  /** Thread of its response's. */
  readonly endThread: number | null;
}

/** What is true of a span; never an input of the inference. */
export interface Truth {
  readonly parent: string | null;
  readonly trace: string | null;
}

/** @returns null for a line that is no such span */
export function parseSpanLine(line: string): { readonly span: ObservedSpan; readonly truth: Truth } | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  const { process, service, spanId, kind, startUs, durationUs } = fields;
  if (typeof process !== 'string' || typeof service !== 'string' || typeof spanId !== 'string') return null;
  if (kind !== 'server' && kind !== 'client') return null;
  if (typeof startUs !== 'number' || typeof durationUs !== 'number') return null;
  if (!Number.isFinite(startUs) || !Number.isFinite(durationUs) || durationUs < 0) return null;
  const span = {
    process,
    service,
    spanId,
    kind,
    endpoint: text(fields['endpoint']) ?? '',
    peer: text(fields['peer']) ?? '',
    startUs,
    endUs: startUs + durationUs,
    thread: number(fields['thread']),
    endThread: number(fields['endThread']),
  } as const;
  return { span, truth: { parent: text(fields['truthParent']), trace: text(fields['truthTrace']) } };
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
