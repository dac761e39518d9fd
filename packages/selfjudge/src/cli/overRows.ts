import type { PromptFormat, Text } from '@selfjudge/data';
import { describeIssues } from '@selfjudge/data/internal';
import { findModel, meet, ranksOfProcess, type Ranks } from '@selfjudge/engine/internal';
import type { Tokenizer } from '@selfjudge/text';
import { located, type PlaceOptions } from '../hub/located.js';
import { dataPlace, type PlaceHooks } from '../hub/places.js';
import { formatWarnings, type OpenModel } from '../models/model.js';
import { templateNotes } from '../models/templateSettings.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { outputPath, withOutput } from './output.js';
import { assertUsable, issuesOf, type InputRow } from '../rows/rows.js';
import { withDownloads } from './downloads.js';
import { mapKeys, snakeCase } from '../config/index.js';
import { factsOfJob } from '../training/ranks.js';
import { interruptible, leads, print, sayLine } from './exit.js';
import { judgeOrigin, type OpenedJudge } from '../models/judgeOrigin.js';
import { fingerprintOfRows } from './judgeOrigin.js';
import type { RowOptions } from './modelFlags.js';
import { Progress } from './progress.js';

/** A model of whatever kind, ready to work. */
type Opened = Pick<OpenModel, 'tokenizer' | 'templateSettings' | 'dispose'>;

/** Rows of a file, and who works on them. */
export interface RowSource<In, O extends Opened, Options> {
  /** @param options those given, names on the hub located */
  open(path: string, options: Options): Promise<O>;
  /** The files of the rows, as messages name them; names on the hub too. */
  files: readonly string[];
  /** @param paths of this machine, in the order of the files; @param promptFormat what a string prompt is */
  read(paths: readonly string[], promptFormat: PromptFormat): Promise<InputRow<In>[]>;
  promptOf(value: In): Text;
  /** What is worth knowing of how prompts are read. */
  promptNotes?(prompts: Text[], tokenizer: Tokenizer, format: PromptFormat): string[];
}

/** Rows that were read and the model that is open for them. */
export interface ReadyRows<In, O extends Opened, Options> {
  rows: InputRow<In>[];
  opened: O;
  /** Those given, names on the hub located. */
  options: Options;
  format: PromptFormat;
}

/**
 * Downloads what names on the hub mean, reads the rows, opens the model, says what is worth knowing of both, and closes it after
 * the work.
 */
export async function withRows<In, O extends Opened, Options extends RowOptions & PlaceOptions>(
  { open, files, read, promptOf, promptNotes }: RowSource<In, O, Options>,
  given: Options,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
  work: (ready: ReadyRows<In, O, Options>) => Promise<void>,
): Promise<void> {
  const { options, paths } = await withDownloads(signal, async (hooks) => ({
    paths: await placesOf(files, hooks),
    ...(await located(given, hooks)),
  }));
  const format = resolvePromptFormat(options.promptFormat, findModel(options.modelNameOrPath));
  const rows = await read(paths, format);
  const opened = await open(options.modelNameOrPath, options);
  try {
    for (const line of formatWarnings(opened)) progress.say(`warning: ${line}`);
    for (const line of templateNotes(opened.templateSettings)) progress.say(`note: ${line}`);
    const prompts = rows.flatMap(({ value }) => (value === undefined ? [] : [promptOf(value)]));
    for (const line of promptNotes?.(prompts, opened.tokenizer, format) ?? []) progress.say(`note: ${line}`);
    await work({ rows, opened, options, format });
  } finally {
    progress.finish();
    opened.dispose();
  }
}

/** Files of rows on this machine, one each. */
export async function placesOf(files: readonly string[], hooks: PlaceHooks): Promise<string[]> {
  const paths: string[] = [];
  for (const file of files) paths.push(...(await dataPlace(file, undefined, hooks)).paths);
  return paths;
}

interface RowWork<In, Out, O extends OpenedJudge, Options> extends RowSource<In, O, Options> {
  /** Name of the work and what it counts, for the progress. */
  title: string;
  unit: string;
  work(
    opened: O,
    rows: InputRow<In>[],
    hooks: {
      signal: AbortSignal;
      onProgress(done: number, total: number, note?: string): void;
      /** Who share the rows: all have all results. */
      ranks: Ranks;
    },
    options: Options,
  ): Promise<InputRow<Out>[]>;
  /** What is written for a row; JSON objects but where text is asked for. */
  show(value: Out): (object | string)[];
  /** What is written for a row that cannot be used, beside `error`: results stand where their rows stood. */
  empty: object;
}

/**
 * What verbs do that write all rows at once: the output is opened before the work begins, rows that cannot be used are counted on
 * stderr and leave a row with `error` in their place, Ctrl-C leaves no half output. Of ranks the first writes.
 */
export async function overRows<In, Out, O extends OpenedJudge, Options extends RowOptions & PlaceOptions>(
  { title, unit, work, show, empty, ...source }: RowWork<In, Out, O, Options>,
  given: Options,
): Promise<void> {
  const [file] = source.files;
  const out = outputPath(given.out, [file, given.modelNameOrPath, given.adapter]);
  const progress = new Progress(title, unit);
  const onProgress = progress.update.bind(progress);
  const ranks = ranksOfProcess();
  const overAll = (signal: AbortSignal) =>
    withOutput(leads() ? out : undefined, print, (write) =>
      withRows(source, given, { progress, signal }, async ({ rows, opened, options, format }) => {
        meet(ranks, () => {
          const origin = judgeOrigin({ opened, adapter: options.adapter, format }, fingerprintOfRows(rows));
          const { contents, kernel_path: path } = origin;
          return factsOfJob(mapKeys(options, snakeCase), { path, contents });
        });
        progress.begin(0);
        const results = await work(opened, rows, { signal, onProgress, ranks }, options);
        progress.finish();
        assertUsable(file, results);
        for (const { value, problem } of results) {
          const lines = problem === undefined ? show(value) : [{ ...empty, error: problem.reason }];
          for (const line of lines) write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
        }
        warnAbout(issuesOf(file, results));
      }),
    );
  await interruptible(overAll, (line) => progress.say(line));
}

/** Counts rows that cannot be used. */
export function warnAbout(issues: ReturnType<typeof issuesOf>): void {
  if (issues.length === 0) return;
  const rows = issues.length === 1 ? 'row' : 'rows';
  sayLine(`warning: ${issues.length} ${rows} could not be used\n${describeIssues(issues)}`);
}
