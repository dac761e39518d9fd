import { createHash } from 'node:crypto';
import { ConfigError, type ConfigFault } from '@selfjudge/base';
import { RUN_LAYOUT } from '@selfjudge/training/runs/internal';
import type { DatasetOptions, RowSource, Warn } from '../rows/datasets.js';
import type { RunBefore } from './before.js';

/** What the contents that a run began with are called, and the key that names them. */
const CONTENTS: Readonly<Record<string, { what: string; key: string }>> = {
  data: { what: 'the rows', key: 'dataset_name' },
  weights: { what: 'the weights', key: 'model_name_or_path' },
  adapter: { what: 'the adapter', key: 'model_name_or_path' },
  head: { what: 'the head of the reward model', key: 'model_name_or_path' },
  tokenizer: { what: 'the tokenizer', key: 'model_name_or_path' },
  chat_template: { what: 'the chat template', key: 'model_name_or_path' },
  judge_template: { what: 'the judge template', key: 'judge_template' },
  calibration: { what: 'the calibration', key: 'calibration' },
  judge: { what: 'the judge', key: 'judge' },
  outside_judge: { what: 'the outside judge', key: 'outside_judge' },
  numerics: { what: 'the code (its numeric version)', key: 'selfjudge' },
};

/**
 * What to warn of when a run goes on with these contents; undefined when nothing changed.
 * @param allowed whether it may go on with others
 * @throws ConfigError naming all that changed
 */
export function changedContents(
  { path, contents: before }: Pick<RunBefore, 'path' | 'contents'>,
  contents: Readonly<Record<string, string>>,
  allowed: boolean,
): string | undefined {
  if (before === undefined)
    return (
      `${path} has no ${RUN_LAYOUT.fingerprints}, as it began before runs had one: nobody can tell whether its rows, ` +
      'weights, tokenizer and templates are still those it began with; those of now count from here on'
    );
  const { names, faults } = contentFaults(before, contents, `the run in ${path}`);
  const [first, ...more] = faults;
  if (first === undefined) return undefined;
  if (allowed)
    return `${names.map((name) => CONTENTS[name].what).join(', ')} changed since the run in ${path} began`;
  throw new ConfigError(first, ...more, {
    key: 'allow_changed',
    expected: 'to be given if the run shall go on with what changed (or another output_dir)',
    received: 'nothing',
  });
}

/**
 * Every content that is another than before.
 * @param what was begun with those before, as messages name it
 */
export function contentFaults(
  before: Readonly<Record<string, string>>,
  contents: Readonly<Record<string, string>>,
  what: string,
): { names: string[]; faults: ConfigFault[] } {
  const names = Object.keys(CONTENTS).filter((name) => before[name] !== contents[name]);
  const faults = names.map((name) => ({
    key: CONTENTS[name].key,
    expected: `${CONTENTS[name].what} that ${what} began with, fingerprint ${before[name] ?? 'none'}`,
    received: `others, ${contents[name] ?? 'none'}`,
  }));
  return { names, faults };
}

/** The rows that pass a source, and their fingerprint. Ids are names and say nothing of the contents. */
export class RowRecord {
  readonly #hash = createHash('sha256');

  /** Rows of `source`, noted as they pass. */
  of(source: RowSource): RowSource {
    const noted =
      <T extends { id: string }>(read: (options: DatasetOptions, warn: Warn) => Promise<T[]>) =>
      async (options: DatasetOptions, warn: Warn) => {
        const rows = await read(options, warn);
        for (const row of rows) this.#hash.update(`${contentOf(row)}\n`);
        return rows;
      };
    return {
      preferences: noted(source.preferences),
      prompts: noted(source.prompts),
      examples: noted(source.examples),
      labelled: noted(source.labelled),
    };
  }

  /** Of the rows so far. */
  fingerprint(): string {
    return this.#hash.copy().digest('hex').slice(0, 32);
  }
}

const NAMES: ReadonlySet<string> = new Set(['id', 'place']);

const contentOf = (row: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(row).filter(([name]) => !NAMES.has(name))));
