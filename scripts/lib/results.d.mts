export interface Counts {
  passed: number;
  failed: number;
}
export interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}
export function readReport(path: string): Counts;
export function countReport(report: Report): Counts;
export function total(results: readonly Counts[]): Counts;
