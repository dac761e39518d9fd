import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { ArgumentError } from '@selfjudge/base';
import { readDataFile } from '@selfjudge/data/internal';
import {
  findRuns,
  readProfile,
  readRun,
  RUN_LAYOUT,
  sumProfile,
  type RunProfile,
} from '@selfjudge/training/runs/internal';
import { isTournament } from '../report/brackets.js';
import { writeReport } from '../report/writeReport.js';
import { describeProfile } from './profileText.js';
import { table } from './table.js';

export function addRunsVerb(program: Command): void {
  const runs = program
    .command('runs')
    .summary('what runs there are and where they stand')
    .description('What runs there are and where they stand.');
  runs
    .command('list', { isDefault: true })
    .description(
      'Every run under a folder: verb, when it last wrote, status, steps done of all, the figure that says most.',
    )
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
            ['run', 'verb', 'when', 'status', 'steps', 'figure'],
            all.map(({ path, verb, status, step, steps, at, metrics }) => [
              path,
              verb,
              at?.toISOString().slice(0, 16).replace('T', ' ') ?? '',
              status,
              steps === undefined ? String(step) : `${step} of ${steps}`,
              keyFigure(metrics),
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
  runs
    .command('open <folder>')
    .summary('the report of a run in the browser')
    .description(
      'Writes the report of a run as it stands, one HTML file that needs no network, says where, and opens it where there is a screen.',
    )
    .option('--answers <file>', 'rows of generate --best_of: their tournaments are shown as brackets')
    .action(async (folder: string, { answers }: { answers?: string }) => {
      const path = writeReport(folder, undefined, answers === undefined ? [] : await cupsIn(answers));
      process.stdout.write(`${path}\n`);
      openPage(path);
    });
}

/** The rows of a file that have a tournament. @throws ArgumentError where none has */
async function cupsIn(file: string): Promise<object[]> {
  const { rows } = await readDataFile(file);
  const cups = rows.map(({ value }) => value).filter(isTournament);
  if (cups.length > 0) return cups;
  throw new ArgumentError('answers', {
    where: 'runs open',
    expected: 'rows with candidates and tournament, as generate --best_of N --out FILE writes them',
    received: `${rows.length} rows without, in ${file}`,
  });
}

/** Metrics that say most of a run, the most telling first. */
const TELLING = [
  'eval/outside_win_rate',
  'eval/judge_win_rate',
  'eval_judge_accuracy',
  'eval_accuracy',
  'eval_rewards/accuracies',
  'eval_loss',
  'verdict_accuracy',
  'accuracy',
  'rewards/accuracies',
  'loss',
];

function keyFigure(metrics: Record<string, number>): string {
  const key = TELLING.find((name) => Number.isFinite(metrics[name]));
  return key === undefined ? '' : `${key} ${metrics[key].toPrecision(3)}`;
}

/** Shows a page to whoever sits at a screen; where there is none, its path has to do. */
function openPage(path: string): void {
  const { platform, env, stdout } = process;
  const screen = platform === 'darwin' || (env.DISPLAY ?? env.WAYLAND_DISPLAY) !== undefined;
  if (!stdout.isTTY || !screen) return;
  const viewer = spawn(platform === 'darwin' ? 'open' : 'xdg-open', [path], {
    stdio: 'ignore',
    detached: true,
  });
  // Its path was printed: without a viewer that is all.
  viewer.on('error', () => {});
  viewer.unref();
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
