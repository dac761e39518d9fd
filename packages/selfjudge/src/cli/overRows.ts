import type { PromptFormat, Text } from '@selfjudge/data';
import { describeIssues } from '@selfjudge/data/internal';
import { findModel } from '@selfjudge/engine/internal';
import type { Tokenizer } from '@selfjudge/text';
import { located, type PlaceOptions } from '../hub/located.js';
import { dataPlace } from '../hub/places.js';
import { formatWarnings, type OpenModel } from '../models/model.js';
import { templateNotes } from '../models/templateSettings.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { outputPath, withOutput } from './output.js';
import { assertUsable, issuesOf, type InputRow } from '../rows/rows.js';
import { withDownloads } from './downloads.js';
import { interruptible } from './exit.js';
import type { RowOptions } from './modelFlags.js';
import { Progress } from './progress.js';

/** A model of whatever kind, ready to work. */
type Opened = Pick<OpenModel, 'tokenizer' | 'templateSettings' | 'dispose'>;

interface RowWork<In, Out, O extends Opened, Options> {
  /** @param options those given, names on the hub located */
  open(path: string, options: Options): Promise<O>;
  /** The file of the rows, as messages name it; a name on the hub too. */
  file: string;
  /** Name of the work and what it counts, for the progress. */
  title: string;
  unit: string;
  /** @param promptFormat what a string prompt is */
  read(path: string, promptFormat: PromptFormat): Promise<InputRow<In>[]>;
  promptOf(value: In): Text;
  /** What is worth knowing of how prompts are read. */
  promptNotes?(prompts: Text[], tokenizer: Tokenizer, format: PromptFormat): string[];
  work(
    opened: O,
    rows: InputRow<In>[],
    hooks: { signal: AbortSignal; onProgress(done: number, total: number, note?: string): void },
    options: Options,
  ): Promise<InputRow<Out>[]>;
  /** What is written for a row; JSON objects but where text is asked for. */
  show(value: Out): (object | string)[];
  /** What is written for a row that cannot be used, beside `error`: results stand where their rows stood. */
  empty: object;
  /** Whether results keep the columns of their rows. */
  keepsColumns?: boolean;
  /** What is worth knowing of all results. */
  note?(values: Out[]): string | undefined;
}

/**
 * What all verbs over rows do: the output is opened before the work begins, names on the hub are downloaded, rows that cannot be used are counted on
 * stderr and leave a row with `error` in their place, Ctrl-C leaves no half output.
 */
export async function overRows<In, Out, O extends Opened, Options extends RowOptions & PlaceOptions>(
  {
    open,
    file,
    title,
    unit,
    read,
    promptOf,
    promptNotes,
    work,
    show,
    empty,
    keepsColumns,
    note,
  }: RowWork<In, Out, O, Options>,
  given: Options,
): Promise<void> {
  const out = outputPath(given.out, [file, given.modelNameOrPath, given.adapter]);
  const progress = new Progress(title, unit);
  const onProgress = progress.update.bind(progress);
  const print = (text: string) => void process.stdout.write(text);
  const overAll = (signal: AbortSignal) =>
    withOutput(out, print, async (write) => {
      const { options, path } = await withDownloads(signal, async (hooks) => {
        const [rows] = (await dataPlace(file, undefined, hooks)).paths;
        return { ...(await located(given, hooks)), path: rows };
      });
      const format = resolvePromptFormat(options.promptFormat, findModel(options.modelNameOrPath));
      const rows = await read(path, format);
      const opened = await open(options.modelNameOrPath, options);
      try {
        for (const line of formatWarnings(opened)) progress.say(`warning: ${line}`);
        for (const line of templateNotes(opened.templateSettings)) progress.say(`note: ${line}`);
        const prompts = rows.flatMap(({ value }) => (value === undefined ? [] : [promptOf(value)]));
        for (const line of promptNotes?.(prompts, opened.tokenizer, format) ?? [])
          progress.say(`note: ${line}`);
        progress.begin(0);
        const results = await work(opened, rows, { signal, onProgress }, options);
        progress.finish();
        assertUsable(file, results);
        for (const [i, { value, problem }] of results.entries()) {
          const lines = problem === undefined ? show(value) : [{ ...empty, error: problem.reason }];
          const own = keepsColumns ? rows[i].columns : {};
          for (const line of lines)
            write(`${typeof line === 'string' ? line : JSON.stringify({ ...own, ...line })}\n`);
        }
        warnAbout(issuesOf(file, results));
        const said = note?.(results.flatMap(({ value }) => (value === undefined ? [] : [value])));
        if (said !== undefined) progress.say(`warning: ${said}`);
      } finally {
        progress.finish();
        opened.dispose();
      }
    });
  await interruptible(overAll, (line) => progress.say(line));
}

function warnAbout(issues: ReturnType<typeof issuesOf>): void {
  if (issues.length === 0) return;
  const rows = issues.length === 1 ? 'row' : 'rows';
  process.stderr.write(`warning: ${issues.length} ${rows} could not be used\n${describeIssues(issues)}\n`);
}
