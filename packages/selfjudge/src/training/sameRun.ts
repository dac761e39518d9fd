import { join } from 'node:path';
import { ConfigError, shellWord } from '@selfjudge/base';
import { underTodaysKeys } from '../config/renamed.js';
import { readConfig, RUN_LAYOUT } from '@selfjudge/training/runs/internal';

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
  const path = shellWord(join(outputDir, RUN_LAYOUT.config));
  const advice = `it is damaged; after rm ${path} the configuration given now is taken for it`;
  const written = readConfig(outputDir, advice);
  if (written === undefined) return;
  const before = underTodaysKeys(written);
  for (const key of new Set([...Object.keys(before), ...Object.keys(config)])) {
    if (mayDiffer.has(key) || JSON.stringify(before[key]) === JSON.stringify(config[key])) continue;
    throw new ConfigError({
      key,
      expected: `${JSON.stringify(before[key])}, as the run in ${outputDir} began with (or another output_dir)`,
      received: config[key],
    });
  }
}
