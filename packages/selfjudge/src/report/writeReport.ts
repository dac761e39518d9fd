import { join } from 'node:path';
import { atomicWriteSync } from '@selfjudge/base';
import { RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { reportPage } from './page.js';
import { readReport } from './runReport.js';

/**
 * Writes the report of a run into its folder, as it stands.
 * @param next the command that comes after the run
 * @param answers of `generate --best_of`, whose tournaments are shown
 * @returns where it lies
 */
export function writeReport(folder: string, next?: string, answers?: readonly object[]): string {
  const path = join(folder, RUN_LAYOUT.report);
  atomicWriteSync(path, reportPage(readReport(folder, answers), next));
  return path;
}
