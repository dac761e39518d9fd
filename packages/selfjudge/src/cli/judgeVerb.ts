import type { Command } from 'commander';
import type { AnswerPair } from '@selfjudge/data';
import { toAnswerPair } from '@selfjudge/data/internal';
import { ConfigError } from '@selfjudge/base';
import type { Judge, JudgeTemplate, Verdict } from '@selfjudge/judging';
import { fromScorer, type Explanation } from '@selfjudge/judging/internal';
import { holdsReward } from '@selfjudge/engine/internal';
import { momentText } from '@selfjudge/text/internal';
import { MODEL_VERBS, type VerbOptions } from '../config/index.js';
import { explainRows, judgeOf, judgeRows, massNote } from '../inference/judge.js';
import { assertColumn, GIVEN_WINNER, labelOf, summaryOf, unknownLabels } from '../inference/knownVerdicts.js';
import { rationaleNote, verdictOfRow, verdictRow } from '../inference/verdictRow.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { openModel } from '../models/model.js';
import { openRewardModel } from '../models/rewardModel.js';
import { judgedNotes } from '../rows/promptNotes.js';
import { assertUsable, issuesOf, readRows, type InputRow } from '../rows/rows.js';
import { describeVerdicts, jsonOfVerdicts } from './describeVerdicts.js';
import { interruptible } from './exit.js';
import { judgeOrigin, modelOf, type OpenedJudge } from './judgeOrigin.js';
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
        '{winner, probability, score_a, score_b}. With --explain a judge that learnt rationales gives its reasons: ' +
        'rationale, in rationale_order, where A is the response shown first, a (ab) or b (ba), and rationale_finish; ' +
        'of several principles each vote has its own.\n\n' +
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
        const cut = rationaleNote(output.rows);
        if (cut !== undefined) progress.say(`warning: ${cut}`);
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
  const { judge, template, explain } = askedOf(opened, options);
  const explained = options.explain ? options.maxNewTokens : undefined;
  const origin = judgeOrigin({ opened, adapter: options.adapter, template, format, explained }, rows);
  await output.begin(origin, rows.length);
  const before = output.rows.length;
  if (before > 0) progress.say(`${before} of ${rows.length} rows are there already`);
  const beganOn = output.before?.kernel_path ?? origin.kernel_path;
  if (before < rows.length && beganOn !== origin.kernel_path)
    progress.say(
      `warning: they were judged on ${beganOn}, the others on ${origin.kernel_path}: equal to rounding`,
    );
  progress.begin(before);
  const { maxPositions } = modelOf(opened).config;
  const results: InputRow<Verdict>[] = [];
  const portions = judgeRows(judge, rows.slice(before), {
    maxPositions,
    signal,
    onProgress: (done) => progress.update(before + done, rows.length),
  });
  for await (const portion of portions) {
    const judged = rows.slice(output.rows.length, output.rows.length + portion.length);
    const reasons = await explain(judged, portion, signal);
    output.append(portion.map((result, i) => judgedRow(judged[i], result, reasons[i])));
    results.push(...portion);
  }
  progress.finish();
  if (before === 0) assertUsable(file, results);
  await output.finish();
  warnAbout(issuesOf(file, results));
}

/** Who is asked, and what is asked after a verdict. */
interface Asked {
  judge: Judge;
  template?: JudgeTemplate;
  /** Reasons for the verdicts on some rows, one a question; none where they are not asked for. */
  explain(
    rows: readonly InputRow<AnswerPair>[],
    results: readonly InputRow<Verdict>[],
    signal: AbortSignal,
  ): Promise<(Explanation | undefined)[][]>;
}

/** @throws ConfigError where reasons are asked of a judge that learnt none */
function askedOf(
  opened: OpenedJudge,
  { judgeTemplate, judgeReasoning, explain, maxNewTokens }: JudgeOptions,
): Asked {
  const refuse = (received: string) => {
    const expected = 'a model that judges by a judge template with a rationale (--judge_template rationale)';
    throw new ConfigError({ key: 'explain', expected, received });
  };
  const silent = async () => [];
  if ('reward' in opened) {
    if (explain) refuse('a reward model');
    return { judge: fromScorer(opened.scorer), explain: silent };
  }
  const judge = judgeOf(opened, judgeTemplate, judgeReasoning);
  const { template } = judge;
  if (!explain) return { judge, template, explain: silent };
  if (template.rationale === undefined) refuse(`the judge template ${template.name}`);
  return {
    judge,
    template,
    explain: (rows, results, signal) => explainRows(judge, rows, results, { maxNewTokens, signal }),
  };
}

/** The row with its verdict, or with the reason why there is none. */
function judgedRow(
  { columns = {} }: InputRow<unknown>,
  { value, problem }: InputRow<Verdict>,
  reasons: readonly (Explanation | undefined)[] | undefined,
): WrittenRow {
  const said =
    problem === undefined
      ? verdictRow(value, reasons)
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
