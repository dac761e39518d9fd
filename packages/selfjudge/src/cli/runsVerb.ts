import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ArgumentError } from '@selfjudge/base';
import {
  findRuns,
  readProfile,
  readRun,
  RUN_LAYOUT,
  sumProfile,
  type RunProfile,
} from '@selfjudge/training/runs/internal';
import { describeProfile } from './profileText.js';
import { table } from './table.js';

export function addRunsVerb(program: Command): void {
  const runs = program
    .command('runs')
    .summary('what runs there are and where they stand')
    .description('What runs there are and where they stand.');
  runs
    .command('list', { isDefault: true })
    .description('Every run under a folder: verb, status, steps done, last loss.')
    .summary('every run under a folder (runs/ where none is named)')
    .argument('[folder]', 'folder of run folders', 'runs')
    .option('--json', 'print JSON lines')
    .action((folder: string, flags: { json?: boolean }) => {
      const all = findRuns(folder);
      if (flags.json) for (const run of all) process.stdout.write(`${JSON.stringify(run)}\n`);
      else if (all.length === 0) process.stdout.write(`no runs in ${folder}\n`);
      else
        process.stdout.write(
          `${table(
            ['run', 'verb', 'status', 'steps', 'loss'],
            all.map(({ path, verb, status, step, metrics }) => [
              path,
              verb,
              status,
              String(step),
              Number.isFinite(metrics.loss) ? metrics.loss.toPrecision(4) : '',
            ]),
          )}\n`,
        );
      for (const { problem } of all) if (problem !== undefined) process.stderr.write(`warning: ${problem}\n`);
    });
  runs
    .command('show <folder>')
    .summary('one run: configuration and last metrics, or where its time went')
    .description('One run: its configuration and its last metrics, or where its time went.')
    .option('--profile', 'time, work and rates of each phase, and the ops that do most')
    .option('--json', 'print JSON')
    .action((folder: string, flags: { profile?: boolean; json?: boolean }) => {
      const run = readRun(folder);
      if (run === undefined)
        throw new ArgumentError('folder', {
          where: 'runs show',
          expected: `a run folder (with ${RUN_LAYOUT.config})`,
          received: folder,
        });
      const profile = flags.profile ? profileOf(folder) : undefined;
      if (flags.json) return void process.stdout.write(`${JSON.stringify({ ...run, profile })}\n`);
      process.stdout.write(`${run.path}  ${run.verb}  ${run.status} after ${run.step} steps\n\n`);
      if (run.torn !== undefined)
        process.stderr.write(
          `${run.torn} has no end yet and is not counted: it is being written, or was torn\n`,
        );
      if (profile !== undefined) return void process.stdout.write(`${describeProfile(profile)}\n`);
      process.stdout.write(`${readFileSync(join(folder, RUN_LAYOUT.config), 'utf8')}\n`);
      const rows = Object.entries(run.metrics).map(([name, value]) => [
        name,
        Number.isFinite(value) ? value.toPrecision(6) : 'none',
      ]);
      process.stdout.write(`${table(['last metrics', 'value'], rows)}\n`);
    });
}

function profileOf(folder: string): RunProfile {
  const profile = sumProfile(readProfile(folder).rows);
  if (profile !== undefined) return profile;
  throw new ArgumentError('folder', {
    where: 'runs show',
    expected: `a run that has done a step since runs have a ${RUN_LAYOUT.profile}`,
    received: folder,
  });
}
