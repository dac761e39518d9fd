import { join } from 'node:path';
import { ConfigError, shellWord } from '@selfjudge/base';
import { underTodaysKeys } from '../config/renamed.js';
import { readConfig, RUN_LAYOUT } from '@selfjudge/training/runs/internal';

/**
 * What the run in a folder began with, under today's keys; undefined for a new one.
 * @throws FileFormatError when config.yaml is damaged
 */
export function beganWith(outputDir: string): Record<string, unknown> | undefined {
  const path = shellWord(join(outputDir, RUN_LAYOUT.config));
  const advice = `it is damaged; after rm ${path} the configuration given now is taken for it`;
  const written = readConfig(outputDir, advice);
  if (written === undefined) return undefined;
  // Before there were keys for it, a string prompt was one user turn, and the judge read all of an answer.
  const before = underTodaysKeys(written);
  if (!('dataset_name' in before)) return before;
  const reasoning = 'judge_template' in before ? { judge_reasoning: 'keep' } : {};
  return { prompt_format: 'chat', ...reasoning, ...before };
}

/**
 * Makes sure that a run folder is new or holds a run of this configuration.
 * @param mayDiffer keys that do not change the result
 * @throws ConfigError naming the first key that differs; FileFormatError when config.yaml is damaged
 */
export function refuseOtherConfig(
  outputDir: string,
  config: Readonly<Record<string, unknown>>,
  mayDiffer: ReadonlySet<string>,
): void {
  const before = beganWith(outputDir);
  if (before === undefined) return;
  for (const key of new Set([...Object.keys(before), ...Object.keys(config)])) {
    if (mayDiffer.has(key) || JSON.stringify(before[key]) === JSON.stringify(config[key])) continue;
    throw new ConfigError({
      key,
      expected: `${JSON.stringify(before[key])}, as the run in ${outputDir} began with (or another output_dir)`,
      received: config[key],
    });
  }
}
