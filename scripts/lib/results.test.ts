import { expect, test } from 'vitest';
import { difference } from './npm.mjs';
import { countReport, readReport, total } from './results.mjs';

test('tests are counted, and a file that cannot be loaded is a failure', () => {
  const report = {
    numPassedTests: 3,
    numFailedTests: 1,
    testResults: [
      { status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'passed' }] },
      { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] },
      { status: 'failed', assertionResults: [] },
    ],
  };
  expect(countReport(report)).toEqual({ passed: 3, failed: 2, skipped: [] });
});

test('a file whose tests passed and whose clean-up failed is a failure', () => {
  const report = {
    numPassedTests: 1,
    numFailedTests: 0,
    testResults: [{ status: 'failed', assertionResults: [{ status: 'passed' }] }],
  };
  expect(countReport(report)).toEqual({ passed: 1, failed: 1, skipped: [] });
});

test('tests that did not run are named', () => {
  const report = {
    numPassedTests: 1,
    numFailedTests: 0,
    testResults: [
      {
        status: 'passed',
        assertionResults: [
          { status: 'passed', fullName: 'a' },
          { status: 'skipped', fullName: 'b c' },
        ],
      },
    ],
  };
  expect(countReport(report)).toEqual({ passed: 1, failed: 0, skipped: ['b c'] });
});

test('no report is a failure', () => {
  expect(readReport('/nonexistent/report.json')).toEqual({ passed: 0, failed: 1, skipped: [] });
});

test('sums', () => {
  expect(
    total([
      { passed: 2, failed: 0 },
      { passed: 3, failed: 1 },
    ]),
  ).toEqual({ passed: 5, failed: 1 });
});

test('the lock decides what is missing', () => {
  const lock = {
    '': { version: '0.1.0' },
    'packages/cli': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/for-windows': { version: '1.0.0', optional: true },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
  };
  const installed = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
  };
  expect(difference(lock, installed)).toBeNull();
  expect(difference(lock, { 'node_modules/a': { version: '1.0.0' } })).toBe('b is missing');
  expect(difference(lock, { ...installed, 'node_modules/a': { version: '0.9.0' } })).toBe(
    'a is 0.9.0, not 1.0.0',
  );
});
