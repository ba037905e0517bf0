// Reading vitest's JSON report and adding up.
import { readFileSync } from 'node:fs';

/** `{passed, failed, skipped}` of one vitest run; a run without a readable report is one failure. */
export function readReport(path) {
  try {
    return countReport(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return { passed: 0, failed: 1, skipped: [] };
  }
}

/**
 * Counts of a report, and the names of the tests that did not run. A file that could not even be loaded has no tests and counts
 * as one failure.
 */
export function countReport(report) {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const skipped = report.testResults
    .flatMap((file) => file.assertionResults)
    .filter((test) => test.status !== 'passed' && test.status !== 'failed')
    .map((test) => test.fullName);
  return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length, skipped };
}

/** Sum of `{passed, failed}`. */
export function total(results) {
  return results.reduce(
    (sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }),
    { passed: 0, failed: 0 },
  );
}
