import type { Command } from 'commander';
import { ConfigError } from '@selfjudge/base';
import type { PromptFormat } from '@selfjudge/data';
import { modelFacts } from '@selfjudge/engine/internal';
import { located } from '../hub/located.js';
import { dataPlace } from '../hub/places.js';
import { toldTokenizer } from '../models/toldTokenizer.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { reportData, type DataReport } from '../rows/dataReport.js';
import { rowShape } from '../rows/rowShape.js';
import { inspectText, statsText, validateText, type UnitReport } from './dataText.js';
import { withDownloads } from './downloads.js';
import { EXIT, interruptible } from './exit.js';
import { filePath } from './output.js';
import { addPrepareVerbs } from './prepareVerbs.js';

interface DataFlags {
  model_name_or_path?: string;
  dataset_shape?: string;
  prompt_format?: string;
  where?: string;
  sample?: string;
  seed?: string;
  json?: boolean;
}

const VERBS = {
  inspect: {
    summary: 'what rows are: kind, columns, the first ones',
    text: inspectText,
    fails: () => false,
  },
  stats: {
    summary: 'lengths, labels, duplicates and conflicts in numbers',
    text: statsText,
    fails: () => false,
  },
  validate: {
    summary:
      'every row that is of no use, and every conflict, with its place; exit code 1 where there is one, or no row of use',
    text: validateText,
    fails: ({ kinds, leftOut, conflicts }: DataReport) =>
      leftOut.length > 0 || conflicts.length > 0 || Object.keys(kinds).length === 0,
  },
};

/** @param done takes the exit code */
export function addDataVerb(program: Command, done: (code: number) => void): void {
  const data = program
    .command('data')
    .summary('what files of rows hold, and files made of them: split, without duplicates, decontaminated')
    .description(
      'What files of rows hold: JSONL, JSON, CSV or Parquet, of any shape that training reads. Several files are taken together.',
    );
  for (const [name, { summary, text, fails }] of Object.entries(VERBS))
    data
      .command(`${name} <files...>`)
      .summary(summary)
      .description(`${summary[0].toUpperCase()}${summary.slice(1)}.`)
      .option('-m, --model_name_or_path <value>', 'lengths in tokens of this model (default: in characters)')
      .option('--dataset_shape <value>', "a known shape's name or a file that maps columns (default: auto)")
      .option('--prompt_format <value>', 'what a string prompt is: auto, standard or chat (default: auto)')
      .option('--where <sql>', 'rows alone for which this condition on their columns holds, as in DuckDB')
      .option('--sample <n>', 'this many of the rows, drawn by the seed')
      .option('--seed <n>', 'draws the sample (default: 0)')
      .option('--json', 'everything as one JSON object')
      .action(async (files: string[], { json, ...flags }: DataFlags) => {
        const report = await reportOf(files, flags);
        process.stdout.write(`${json ? JSON.stringify(report) : text(report)}\n`);
        if (fails(report)) done(EXIT.failed);
      });
  addPrepareVerbs(data);
}

async function reportOf(given: string[], flags: Omit<DataFlags, 'json'>): Promise<UnitReport> {
  const sample = wholeOf('sample', flags.sample, 1);
  const seed = wholeOf('seed', flags.seed, 0) ?? 0;
  const format = flags.prompt_format ?? 'auto';
  if (format !== 'auto' && format !== 'standard' && format !== 'chat')
    throw new ConfigError({ key: 'prompt_format', expected: 'auto, standard or chat', received: format });
  const shape = rowShape(flags.dataset_shape);
  const named = given.map((file) => filePath('file', file));
  return interruptible((signal) =>
    withDownloads(signal, async (hooks) => {
      const files: string[] = [];
      for (const file of named) files.push(...(await dataPlace(file, 'train', hooks)).paths);
      const options = { shape, where: flags.where, sample, seed };
      if (flags.model_name_or_path === undefined) {
        const promptFormat: PromptFormat = format === 'auto' ? 'standard' : format;
        const report = await reportData(files, { ...options, promptFormat, lengthOf: (text) => text.length });
        return { ...report, unit: 'characters' };
      }
      const { options: here } = await located({ modelNameOrPath: flags.model_name_or_path }, hooks);
      const { path, tokenizer: own } = await modelFacts(here.modelNameOrPath, {});
      const { tokenizer } = toldTokenizer(own, path, {}, { where: 'data', received: here.modelNameOrPath });
      const report = await reportData(files, {
        ...options,
        promptFormat: resolvePromptFormat(format, { path }),
        lengthOf: (text) => tokenizer.encodeText(text).length,
      });
      return { ...report, unit: 'tokens' };
    }),
  );
}

function wholeOf(key: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min && text.trim() !== '') return value;
  throw new ConfigError({ key, expected: `a whole number of at least ${min}`, received: text });
}
