import type { Command } from 'commander';
import type { AnswerPair } from '@selfjudge/data';
import { toAnswerPair } from '@selfjudge/data/internal';
import type { Verdict } from '@selfjudge/judging';
import { fromScorer } from '@selfjudge/judging/internal';
import { holdsReward } from '@selfjudge/engine/internal';
import { momentText } from '@selfjudge/text/internal';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { judgeOf, judgeRows, massNote } from '../inference/judge.js';
import { assertColumn, GIVEN_WINNER, labelOf, summaryOf, unknownLabels } from '../inference/knownVerdicts.js';
import { verdictOfRow, verdictRow } from '../inference/verdictRow.js';
import { assertTemplate, resolveTemplate } from '../models/judgeTemplate.js';
import { openModel } from '../models/model.js';
import { openRewardModel } from '../models/rewardModel.js';
import { judgedNotes } from '../rows/promptNotes.js';
import { assertUsable, issuesOf, readRows, type InputRow } from '../rows/rows.js';
import { describeVerdicts, jsonOfVerdicts } from './describeVerdicts.js';
import { interruptible } from './exit.js';
import { judgeOrigin, type OpenedJudge } from './judgeOrigin.js';
import { outputOfRows, type RowsOutput, type WrittenRow } from './keptRows.js';
import { addModelFlags, addOutputFlags, optionsOf, type RowOptions } from './modelFlags.js';
import { filePath, outputPath } from './output.js';
import { warnAbout, withRows, type ReadyRows, type RowSource } from './overRows.js';
import { Progress } from './progress.js';
import { pairsPath, writePairs } from './writtenPairs.js';

type JudgeOptions = VerbOptions<'judge'> & RowOptions;

export function addJudgeVerb(program: Command): void {
  const command = program
    .command('judge <file>')
    .summary('which of two answers is better')
    .description(
      'Which of two answers is better.\n\n' +
        'Rows {prompt, completions: [a, b]}, {prompt, a, b} or {prompt, chosen, rejected}, of which chosen is a. Each ' +
        'keeps its columns and gets {winner, probability, orders}, and votes where several principles are asked ' +
        "about. Each order holds the exact text the model read as 'rendered' and probabilities of its next " +
        'token: p_a, that it names the response shown first, and p_b, the other. A reward model (-m) gives ' +
        '{winner, probability, score_a, score_b}.\n\n' +
        'Rows are written as they are judged: with --out into FILE.partial, which becomes FILE with the last of them. ' +
        'After Ctrl-C or a crash the same command goes on. At the end it says how the verdicts came out, of labelled ' +
        'rows (chosen and rejected, or a column winner, which is kept as given_winner) also how many are right. ' +
        '--write_pairs makes preferences of the verdicts, for jsft, dpo and reward: from prompts, by generate --count 2.',
    );
  addOutputFlags(addModelFlags(command, 'judge'), 'what is said of the verdicts as JSON').action(
    (given: string) => {
      const file = filePath('file', given);
      const options = optionsOf(MODEL_VERBS.judge, command);
      assertTemplate(options.judgeTemplate);
      return judgeFile(file, options);
    },
  );
}

async function judgeFile(file: string, given: JudgeOptions): Promise<void> {
  const inputs = [file, given.modelNameOrPath, given.adapter];
  const out = outputPath(given.out, inputs);
  const pairs = pairsPath(given.writePairs, inputs, out);
  const progress = new Progress('judge', 'pairs');
  const work = async (signal: AbortSignal) => {
    const output = outputOfRows(out);
    // Rows that go on another day are judged with the day they began with.
    const day = output.before?.config.chat_template_date ?? momentText(new Date()).slice(0, 10);
    const options = { ...given, chatTemplateDate: given.chatTemplateDate ?? String(day) };
    try {
      await withRows(sourceOf(file, options), options, { progress, signal }, async (ready) => {
        await judgeInto(output, file, ready, { progress, signal });
        const verdicts = output.rows.map(verdictOfRow);
        if (pairs !== undefined) progress.say(`note: ${await writePairs(pairs, ready.rows, verdicts)}`);
        sayWhatCameOut(ready.rows, verdicts, options, progress);
      });
    } catch (error) {
      if (output.kept !== undefined)
        progress.say(`${output.rows.length} rows are in ${output.kept}: the same command goes on after them`);
      throw error;
    } finally {
      output.close();
    }
  };
  await interruptible(work, (line) => progress.say(line));
}

const sourceOf = (file: string, { by }: JudgeOptions): RowSource<AnswerPair, OpenedJudge, JudgeOptions> => ({
  file,
  open: (path, model) => (holdsReward(path) ? openRewardModel(path, model) : openModel(path, model)),
  read: async (path, promptFormat) => {
    const rows = await readRows(path, (row) => toAnswerPair(row, { promptFormat }));
    assertColumn(by, rows);
    return rows;
  },
  promptOf: ({ prompt }) => prompt,
  promptNotes: judgedNotes,
});

async function judgeInto(
  output: RowsOutput,
  file: string,
  { rows, opened, options, format }: ReadyRows<AnswerPair, OpenedJudge, JudgeOptions>,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<void> {
  const isReward = 'reward' in opened;
  const template = isReward
    ? undefined
    : resolveTemplate(options.judgeTemplate, opened, options.judgeReasoning);
  const judge = isReward
    ? fromScorer(opened.scorer)
    : judgeOf(opened, options.judgeTemplate, options.judgeReasoning);
  const origin = judgeOrigin({ opened, adapter: options.adapter, template, format }, rows);
  await output.begin(origin, rows.length);
  const before = output.rows.length;
  if (before > 0) progress.say(`${before} of ${rows.length} rows are there already`);
  const beganOn = output.before?.kernel_path ?? origin.kernel_path;
  if (before < rows.length && beganOn !== origin.kernel_path)
    progress.say(
      `warning: they were judged on ${beganOn}, the others on ${origin.kernel_path}: equal to rounding`,
    );
  progress.begin(before);
  const { maxPositions } = (isReward ? opened.reward.view : opened).model.config;
  const results: InputRow<Verdict>[] = [];
  const portions = judgeRows(judge, rows.slice(before), {
    maxPositions,
    signal,
    onProgress: (done) => progress.update(before + done, rows.length),
  });
  for await (const portion of portions) {
    const columns = rows.slice(output.rows.length, output.rows.length + portion.length);
    output.append(portion.map((result, i) => judgedRow(columns[i], result)));
    results.push(...portion);
  }
  progress.finish();
  if (before === 0) assertUsable(file, results);
  await output.finish();
  warnAbout(issuesOf(file, results));
}

/** The row with its verdict, or with the reason why there is none. */
function judgedRow({ columns = {} }: InputRow<unknown>, { value, problem }: InputRow<Verdict>): WrittenRow {
  const said =
    problem === undefined
      ? verdictRow(value)
      : { winner: null, probability: null, orders: [], error: problem.reason };
  const label = 'winner' in columns && { [GIVEN_WINNER]: columns[GIVEN_WINNER] ?? columns.winner };
  return { ...columns, ...label, ...said };
}

function sayWhatCameOut(
  rows: readonly InputRow<unknown>[],
  verdicts: readonly Verdict[],
  { by, out, json }: JudgeOptions,
  progress: Progress,
): void {
  const note = massNote(verdicts);
  if (note !== undefined) progress.say(`warning: ${note}`);
  const unknown = unknownLabels(rows);
  if (unknown.length > 0) {
    const first = JSON.stringify(labelOf(rows.find(({ line }) => line === unknown[0])?.columns).unknown);
    progress.say(
      `warning: ${unknown.length} of ${rows.length} rows have another winner than a, b, tie, 0 or 1 (line ${unknown[0]}: ${first}): no label`,
    );
  }
  const summary = summaryOf(rows, verdicts, by);
  const text = json ? jsonOfVerdicts(summary) : describeVerdicts(summary);
  // The rows have the standard output where they go nowhere else.
  if (out === undefined || out === '-') progress.say(text);
  else process.stdout.write(`${text}\n`);
}
