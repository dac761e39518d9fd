import type { Command } from 'commander';
import { describeIssues } from '@selfjudge/data';
import { openModel, type ModelOptions } from '../pipelines/model.js';
import { readRows, withRows } from '../pipelines/rows.js';
import { scoreRows } from '../pipelines/score.js';
import { interruptible } from './exit.js';
import { addModelFlags } from './modelFlags.js';
import { Progress } from './progress.js';

export function addScoreVerb(program: Command): void {
  const command = program
    .command('score <file>')
    .description('log-probabilities of completions: rows {prompt, completion} to {logprob, tokens, logprobs}');
  addModelFlags(command).action((file: string, flags: ModelOptions & { model: string; out?: string }) =>
    interruptible(async () => {
      const { rows, issues } = await readRows(file);
      const opened = await openModel(flags.model, flags);
      try {
        const progress = new Progress('score', 'rows');
        const scores = await scoreRows(opened, file, rows, {
          onIssue: (issue) => issues.push(issue),
          onProgress: (done, total) => progress.update(done, total),
        });
        progress.finish();
        await withRows(flags.out, print, async (write) => {
          for (const score of scores) if (score !== null) write(score);
        });
      } finally {
        opened.dispose();
      }
      if (issues.length > 0) process.stderr.write(`warning: ${issues.length} rows left out\n${describeIssues(issues)}\n`);
    }),
  );
}

const print = (row: object) => void process.stdout.write(`${JSON.stringify(row)}\n`);
