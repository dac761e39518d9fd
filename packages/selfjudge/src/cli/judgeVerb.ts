import type { Command } from 'commander';
import { describeIssues, type Issue, type Text } from '@selfjudge/data';
import { Judge, type JudgePair } from '@selfjudge/judging';
import { DataError } from '@selfjudge/core';
import { openModel, resolveTemplate, type ModelOptions } from '../pipelines/model.js';
import { readRows, withRows } from '../pipelines/rows.js';
import { interruptible } from './exit.js';
import { addModelFlags } from './modelFlags.js';
import { Progress } from './progress.js';

interface JudgeFlags extends ModelOptions {
  model: string;
  template: string;
  out?: string;
}

export function addJudgeVerb(program: Command): void {
  const command = program
    .command('judge <file>')
    .description('which of two answers is better: rows {prompt, completions: [a, b]} to verdicts')
    .option('--template <name>', 'a shipped judge template, a file, or auto: the one beside the weights', 'auto');
  addModelFlags(command).action((file: string, flags: JudgeFlags) =>
    interruptible(async (signal) => {
      const { rows, issues } = await readRows(file);
      const pairs = rows.map(({ line, value }) => readPair(file, line, value, issues));
      const usable = pairs.filter((pair) => pair !== null);
      if (usable.length === 0)
        throw new DataError({ path: file, line: issues[0]?.line ?? 1, reason: issues[0]?.reason ?? 'no rows' });
      const opened = await openModel(flags.model, flags);
      try {
        const judge = new Judge(opened.view, opened.tokenizer, resolveTemplate(flags.template, opened));
        const progress = new Progress('judge', 'pairs');
        const verdicts = await judge.compare(usable, { signal, onProgress: (done, total) => progress.update(done, total) });
        progress.finish();
        await withRows(flags.out, print, async (write) => {
          for (const { winner, probability, orders, votes } of verdicts)
            write({
              winner,
              probability,
              orders: orders.map(({ rendered, pA, pB }) => ({ rendered, p_a: pA, p_b: pB })),
              ...(votes.length > 1 && {
                votes: votes.map(({ principle, winner: vote, scoreA, scoreB }) => ({
                  principle,
                  winner: vote,
                  score_a: scoreA,
                  score_b: scoreB,
                })),
              }),
            });
        });
      } finally {
        opened.dispose();
      }
      if (issues.length > 0) process.stderr.write(`warning: ${issues.length} rows left out\n${describeIssues(issues)}\n`);
    }),
  );
}

function readPair(file: string, line: number, value: Record<string, unknown>, issues: Issue[]): JudgePair | null {
  const { prompt, completions } = value as { prompt?: Text; completions?: unknown };
  if (prompt !== undefined && Array.isArray(completions) && completions.length === 2) {
    const [a, b] = completions as unknown[];
    if (typeof a === 'string' && typeof b === 'string') return { prompt, a, b };
  }
  issues.push({ file, line, code: 'unknown-shape', reason: 'expected prompt and completions: [a, b]' });
  return null;
}

const print = (row: object) => void process.stdout.write(`${JSON.stringify(row)}\n`);
