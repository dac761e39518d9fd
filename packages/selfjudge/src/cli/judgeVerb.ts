import type { Command } from 'commander';
import { toAnswerPair } from '@selfjudge/data/internal';
import type { Verdict } from '@selfjudge/judging';
import { fromScorer, tokenEvidence } from '@selfjudge/judging/internal';
import { holdsReward } from '@selfjudge/engine/internal';
import { openModel, type OpenModel } from '../models/model.js';
import { openRewardModel, type OpenReward } from '../models/rewardModel.js';
import { judgeOf, judgeRows, massNote } from '../inference/judge.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { readRows } from '../rows/rows.js';
import { rowShape } from '../rows/rowShape.js';
import { judgedNotes } from '../rows/promptNotes.js';
import { MODEL_VERBS } from '../config/index.js';
import { addModelFlags, addOutputFlags, optionsOf } from './modelFlags.js';
import { filePath } from './output.js';
import { overRows } from './overRows.js';

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
        '{winner, probability, score_a, score_b}.',
    );
  addOutputFlags(addModelFlags(command, 'judge')).action((given: string) => {
    const file = filePath('file', given);
    const options = optionsOf(MODEL_VERBS.judge, command);
    assertTemplate(options.judgeTemplate);
    const shape = rowShape(options.datasetShape);
    return overRows(
      {
        open: async (path, model): Promise<OpenModel | OpenReward> =>
          holdsReward(path) ? openRewardModel(path, model) : openModel(path, model),
        file,
        title: 'judge',
        unit: 'pairs',
        read: (path, promptFormat) => readRows(path, (row) => toAnswerPair(row, { promptFormat }), shape),
        promptOf: ({ prompt }) => prompt,
        promptNotes: judgedNotes,
        work: (opened, rows, hooks) =>
          'reward' in opened
            ? judgeRows(fromScorer(opened.scorer), rows, hooks)
            : judgeRows(judgeOf(opened, options.judgeTemplate, options.judgeReasoning), rows, hooks),
        show: (verdict) => [verdictRow(verdict)],
        empty: { winner: null, probability: null, orders: [] },
        keepsColumns: true,
        note: massNote,
      },
      options,
    );
  });
}

function verdictRow(verdict: Verdict): object {
  const { winner, probability, reason, scoreA, scoreB } = verdict;
  const evidence = tokenEvidence(verdict);
  // A reward model gives each answer its number, and is asked in no order.
  if (evidence === undefined && reason === undefined)
    return { winner, probability, score_a: scoreA, score_b: scoreB };
  const { orders = [], votes = [] } = evidence ?? {};
  return {
    winner,
    probability,
    orders: orders.map(({ rendered, pA, pB }) => ({ rendered, p_a: pA, p_b: pB })),
    ...(votes.length > 1 && {
      votes: votes.map((vote) => ({
        principle: vote.principle,
        winner: vote.winner,
        score_a: vote.scoreA,
        score_b: vote.scoreB,
      })),
    }),
    ...(reason !== undefined && { reason }),
  };
}
