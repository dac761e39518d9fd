import { join } from 'node:path';
import { ConfigError, shellWord, type ConfigFault } from '@selfjudge/base';
import { readConfig, RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import { todaysMeaning } from '../config/earlier.js';
import { underTodaysKeys } from '../config/renamed.js';

/** How the configuration that was begun with may differ from that of now. */
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
  // Before there were keys for it, a string prompt was one user turn, the judge read all of an answer, and a step was one slice.
  const before = todaysMeaning(underTodaysKeys(written));
  if (!('dataset_name' in before)) return before;
  const reasoning = 'judge_template' in before ? { judge_reasoning: 'keep' } : {};
  const leaves = 'train_batch_size' in before ? { gradient_leaves: 1 } : {};
  return { prompt_format: 'chat', ...reasoning, ...leaves, ...before };
}

/**
 * Makes sure that a run folder is new or holds a run of this configuration.
 * @param before what it began with, where that was read already
 * @throws ConfigError naming every key that differs; FileFormatError when config.yaml is damaged
 */
export function refuseOtherConfig(
  outputDir: string,
  config: Readonly<Record<string, unknown>>,
  mayDiffer: MayDiffer,
  before = beganWith(outputDir),
): void {
  if (before === undefined) return;
  const began = { what: `the run in ${outputDir}`, other: 'another output_dir' };
  const [first, ...more] = configFaults(before, config, mayDiffer, began);
  if (first !== undefined) throw new ConfigError(first, ...more);
}

/** What was begun under a configuration, and what to say for it to be left alone. */
export interface Begun {
  what: string;
  other: string;
}

/** Every key by which a configuration differs from the one before. */
export function configFaults(
  before: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
  { keys: mayDiffer, defaults = {} }: MayDiffer,
  { what, other }: Begun,
): ConfigFault[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(config)])];
  return keys.flatMap((key) => {
    const was = key in before ? before[key] : defaults[key];
    if (mayDiffer.has(key) || JSON.stringify(was) === JSON.stringify(config[key])) return [];
    return [
      { key, expected: `${JSON.stringify(was)}, as ${what} began with (or ${other})`, received: config[key] },
    ];
  });
}
