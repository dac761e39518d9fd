import type { Command } from 'commander';
import { REMOVED, prepareFolder, LINEAGE, type Lineage, type NamedFile } from '@selfjudge/data/internal';
import { DATA_VERBS, resolveVerb, valuesOf, type DataVerb } from '../config/index.js';
import { dataPlace, type PlaceHooks } from '../hub/places.js';

import { VERSION } from '../version.js';
import { addConfigFlags, givenFlags } from './arguments.js';
import { withDownloads } from './downloads.js';
import { interruptible } from './exit.js';
import { filePath } from './output.js';
import { prepareOptions } from './prepareOptions.js';
import { BYTES, Progress } from './progress.js';
import { table } from './table.js';

const VERBS: Readonly<Record<DataVerb, { summary: string; about: string }>> = {
  split: {
    summary: 'files for training, self-training, dev and test, by the hash that training splits by',
    about: 'Rows that begin with one question are always in one file, in every run and from every file.',
  },
  dedup: {
    summary: 'rows without those that repeat or contradict another',
    about:
      'A row repeats another when it says the same of the same answers, in either order, whatever case and white space; with ' +
      '--near also when it is nearly the same. Two rows contradict each other when they prefer different ones.',
  },
  decontaminate: {
    summary: 'rows without those that share words with test sets',
    about:
      'A row goes when its prompt or an answer has --ngram words in a row in common with a row of --against, or its prompt is the ' +
      'same one and shorter. System messages do not count.',
  },
  prepare: {
    summary: 'all of it in one pass: read any shape, choose, decontaminate, dedup, split',
    about: 'Everything may stand in a file (--config), the files of rows as dataset_name.',
  },
};

/** `data split`, `dedup`, `decontaminate` and `prepare`. */
export function addPrepareVerbs(data: Command): void {
  for (const [name, { summary, about }] of Object.entries(VERBS) as [DataVerb, (typeof VERBS)[DataVerb]][]) {
    const command = data
      .command(`${name} [files...]`)
      .summary(summary)
      .description(
        `${summary[0].toUpperCase()}${summary.slice(1)}.\n\n${about}\n\n` +
          `Writes a folder of JSONL in TRL's columns, or those of judgments, with ${REMOVED}, which names every row left out and ` +
          `why, and ${LINEAGE}, which says what the rows were made of; runs on these files refer to it. The same command again ` +
          'changes nothing.',
      )
      .option('--config <file>', 'YAML or JSON file with these keys; flags override it')
      .option('--json', 'print the lineage as JSON on stdout');
    addConfigFlags(command, DATA_VERBS[name]);
    command.action(async (files: string[], { config: file, json }: { config?: string; json?: boolean }) => {
      const flags = {
        ...givenFlags(command, ['config', 'json']),
        ...(files.length > 0 && { dataset_name: files.map((one) => filePath('file', one)) }),
      };
      await prepare(name, { file, flags }, json === true);
    });
  }
}

async function prepare(
  name: DataVerb,
  given: { file?: string; flags: Record<string, string | string[]> },
  json: boolean,
): Promise<void> {
  const progress = new Progress(name, BYTES);
  const say = (line: string) => progress.say(line);
  const verb = DATA_VERBS[name];
  const config = resolveVerb(name, verb, { ...given, onNote: (note) => say(`note: ${note}`) });
  const { datasetName, outputDir, against, options } = prepareOptions(valuesOf(verb.options, config));
  try {
    let total = 0;
    const { lineage, alreadyDone } = await interruptible(async (signal) => {
      const [files, sets] = await withDownloads(signal, async (hooks) => [
        await placed(datasetName, 'train', hooks),
        await placed(against, 'test', hooks),
      ]);
      // A data set of the hub may be several files, each with its share.
      const mixture = options.mixture && files.map(({ of }) => options.mixture![of]);
      return prepareFolder(
        outputDir,
        { files, against: sets, options: { ...options, ...(mixture && { mixture }) }, version: VERSION },
        {
          signal,
          onWarning: (warning) => say(`warning: ${warning}`),
          onBegin: (bytes) => {
            total = bytes;
            progress.begin(0);
          },
          onProgress: (bytes) => progress.update(Math.min(bytes, total), total),
        },
      );
    }, say);
    progress.finish();
    if (alreadyDone) say(`${outputDir} is there already, made of the same rows in the same way`);
    process.stdout.write(`${json ? JSON.stringify(lineage) : prepareText(lineage, outputDir)}\n`);
  } finally {
    progress.finish();
  }
}

/** Where files of rows lie, each with the number of the name that it is of. */
async function placed(
  names: readonly string[],
  wanted: 'train' | 'test',
  hooks: PlaceHooks,
): Promise<(NamedFile & { of: number })[]> {
  const all: (NamedFile & { of: number })[] = [];
  for (const [of, text] of names.entries()) {
    const { paths, names: meant } = await dataPlace(text, wanted, hooks);
    all.push(...paths.map((path, i) => ({ path, of, ...(meant !== undefined && { name: meant[i] }) })));
  }
  return all;
}

const REASONS: Readonly<Record<string, string>> = {
  'not-chosen': 'not chosen by where, sample or mixture',
  duplicate: 'say what a row before them says',
  'near-duplicate': 'are nearly a row before them',
  conflict: 'contradict another row',
  contaminated: 'share words with a row of against',
};

function prepareText({ read, kept, left_out, kinds, files }: Lineage, folder: string): string {
  const rows = Object.entries(files).map(([file, { rows: count }]) => [`${folder}/${file}`, String(count)]);
  const reasons = Object.entries(left_out).map(
    ([reason, count]) => `  ${count} ${reason}${REASONS[reason] ? `: ${REASONS[reason]}` : ''}`,
  );
  const of = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${read} rows read, ${kept} kept (${of.join(', ') || 'none of use'})${reasons.length > 0 ? '; left out:' : ''}`,
    ...reasons,
    '',
    table(['file', 'rows'], rows),
    '',
    ...(Object.keys(left_out).some((reason) => reason !== 'not-chosen')
      ? [`${folder}/${REMOVED} names each row left out and why`]
      : []),
    `${folder}/${LINEAGE} says what the rows were made of`,
  ].join('\n');
}
