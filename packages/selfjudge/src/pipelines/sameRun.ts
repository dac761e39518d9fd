import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, FileFormatError, shellWord } from '@selfjudge/base';
import { parseYaml } from '@selfjudge/data';

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
  const path = join(outputDir, 'config.yaml');
  if (!existsSync(path)) return;
  const before = readConfig(path);
  for (const key of new Set([...Object.keys(before), ...Object.keys(config)])) {
    if (mayDiffer.has(key) || JSON.stringify(before[key]) === JSON.stringify(config[key])) continue;
    throw new ConfigError({
      key,
      expected: `${JSON.stringify(before[key])}, as the run in ${outputDir} began with (or another output_dir)`,
      received: config[key],
    });
  }
}

function readConfig(path: string): Record<string, unknown> {
  let received = 'another text';
  try {
    const content: unknown = parseYaml(readFileSync(path, 'utf8'));
    if (typeof content === 'object' && content !== null) return content as Record<string, unknown>;
  } catch (error) {
    received = (error as Error).message;
  }
  throw new FileFormatError({
    path,
    expected: 'the configuration that the run began with',
    received,
    advice: `it is damaged; after rm ${shellWord(path)} the configuration given now is taken for it`,
  });
}
