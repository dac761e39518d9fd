import { join } from 'node:path';
import { ConfigError, shellWord, type ConfigFault } from '@selfjudge/base';
import { readConfig, RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { todaysMeaning } from '../config/earlier.js';
import { underTodaysKeys } from '../config/renamed.js';

/** How the configuration of a run folder may differ from that of now. */
export interface MayDiffer {
  /** Keys that do not change the result. */
  keys: ReadonlySet<string>;
  /** What keys were that the folder's configuration does not have yet. */
  defaults?: Readonly<Record<string, unknown>>;
}

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
  const before = todaysMeaning(underTodaysKeys(written));
  if (!('dataset_name' in before)) return before;
  const reasoning = 'judge_template' in before ? { judge_reasoning: 'keep' } : {};
  return { prompt_format: 'chat', ...reasoning, ...before };
}

/**
 * Makes sure that a run folder is new or holds a run of this configuration.
 * @param before what it began with, where that was read already
 * @throws ConfigError naming every key that differs; FileFormatError when config.yaml is damaged
 */
export function refuseOtherConfig(
  outputDir: string,
  config: Readonly<Record<string, unknown>>,
  { keys: mayDiffer, defaults = {} }: MayDiffer,
  before = beganWith(outputDir),
): void {
  if (before === undefined) return;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(config)])];
  const [first, ...more] = keys.flatMap((key): ConfigFault[] => {
    const was = key in before ? before[key] : defaults[key];
    if (mayDiffer.has(key) || JSON.stringify(was) === JSON.stringify(config[key])) return [];
    const expected = `${JSON.stringify(was)}, as the run in ${outputDir} began with (or another output_dir)`;
    return [{ key, expected, received: config[key] }];
  });
  if (first !== undefined) throw new ConfigError(first, ...more);
}
