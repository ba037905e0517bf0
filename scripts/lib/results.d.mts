export interface Counts {
  passed: number;
  failed: number;
}
export interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: { status: string; fullName?: string }[] }[];
}
export interface RunCounts extends Counts {
  skipped: string[];
}
export function readReport(path: string): RunCounts;
export function countReport(report: Report): RunCounts;
export function total(results: readonly Counts[]): Counts;
