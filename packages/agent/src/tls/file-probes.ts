import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileSource } from '../process/file-source.ts';
import { type ProbePlan, planProbes } from './probe-plan.ts';

/** As `planProbes`, of a file. @throws Node's own error when it cannot be read */
export function planFileProbes(path: string): ProbePlan | null {
  const fd = openSync(path, 'r');
  try {
    return planProbes(fileSource(fd, fstatSync(fd).size));
  } finally {
    closeSync(fd);
  }
}
