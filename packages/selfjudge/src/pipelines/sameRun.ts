import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '@selfjudge/core';
import { parse } from 'yaml';

/**
 * Makes sure that a run folder is new or holds a run of this configuration.
 * @param mayDiffer keys that do not change the result
 * @throws ConfigError naming the first key that differs
 */
export function refuseOtherConfig(
  outputDir: string,
  config: Readonly<Record<string, unknown>>,
  mayDiffer: ReadonlySet<string>,
): void {
  const path = join(outputDir, 'config.yaml');
  if (!existsSync(path)) return;
  const before = (parse(readFileSync(path, 'utf8')) ?? {}) as Record<string, unknown>;
  for (const key of new Set([...Object.keys(before), ...Object.keys(config)])) {
    if (mayDiffer.has(key) || JSON.stringify(before[key]) === JSON.stringify(config[key])) continue;
    throw new ConfigError({
      key,
      expected: `${JSON.stringify(before[key])}, as the run in ${outputDir} began with (or another output_dir)`,
      received: config[key],
    });
  }
}
