export interface LockEntry {
  version?: string;
  optional?: boolean;
  devOptional?: boolean;
  peer?: boolean;
}
export function npmProblem(root: string): string | null;
export function difference(
  wanted: Readonly<Record<string, LockEntry>>,
  installed: Readonly<Record<string, LockEntry>>,
): string | null;
