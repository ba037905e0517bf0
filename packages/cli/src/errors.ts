/** Exit code of a command that was called wrongly. */
export const USAGE_EXIT_CODE = 2;

/**
 * A failure that is told to the user as it is: one sentence that names the cause and the remedy.
 * Everything else that is thrown is a bug and shows its stack.
 */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(sentence: string, exitCode = 1) {
    super(sentence);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** A `CliError` for a command line or setting that cannot be understood. */
export function usageError(sentence: string): CliError {
  return new CliError(sentence, USAGE_EXIT_CODE);
}

/** The words of anything thrown, on one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

/** The system's code of an error (`EADDRINUSE`, …), or null. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/**
 * A failure of another part of Weft as a `CliError`. Most of them come as whole sentences already; others get
 * told what they prevented.
 * @param prevented like `The agent cannot start`
 */
export function failure(prevented: string, error: unknown): CliError {
  if (error instanceof CliError) return error;
  const reason = reasonOf(error);
  if (/^[A-Z][\s\S]*\.$/.test(reason)) return new CliError(reason);
  return new CliError(`${prevented}: ${reason.replace(/\.$/, '')}.`);
}
