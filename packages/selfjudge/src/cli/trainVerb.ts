import { METHODS } from '@selfjudge/training';
import { listCheckpoints } from '@selfjudge/training/runs/internal';
import type { Command } from 'commander';
import { presetOf, TRAINING_VERBS, type ResolvedConfig, type TrainingVerb } from '../config/index.js';
import { resolveRun } from '../training/resolveRun.js';
import { writeReport } from '../report/writeReport.js';
import { runTraining, type TrainHooks, type TrainOutcome } from '../training/train.js';
import { addConfigFlags, givenFlags } from './arguments.js';
import { withDownloads } from './downloads.js';
import { EXIT, interruptible, isJob, leads } from './exit.js';
import { nextCommand } from './nextCommand.js';
import { duration, Progress } from './progress.js';
import { describeStart } from './startText.js';
import { reportStopped } from './stopped.js';

/** Flags that are no keys of the configuration. */
interface OwnFlags {
  config?: string;
  preset?: string;
  json?: boolean;
  allow_changed?: boolean;
  dry_run?: boolean;
  num_processes?: string;
}

const OWN_FLAGS = ['config', 'preset', 'json', 'allow_changed', 'dry_run', 'num_processes'];

/** Metrics worth a place on the progress line, in this order. */
const SHOWN = [
  'loss',
  'verdict_accuracy',
  'rewards/accuracies',
  'eval/judge_win_rate',
  'sampling/kl',
  'sampling/reference_kl',
  'objective/scores',
  'objective/kl',
  'eval_loss',
];

/** @param done takes the exit code of a run that ended in order */
export function addTrainingVerb(program: Command, name: TrainingVerb, done: (code: number) => void): void {
  const verb = TRAINING_VERBS[name];
  const { summary, source } = METHODS[name];
  const presets = Object.keys(verb.presets).join(', ');
  const command = program
    .command(name)
    .summary(summary)
    .description(
      `${summary[0].toUpperCase()}${summary.slice(1)} (${source}).\n\n` +
        'Writes a run folder; its final/ opens in PEFT or transformers. Ctrl-C saves a checkpoint. After that, or after ' +
        'a crash, the same command goes on from the newest checkpoint and ends with the same bits as an ' +
        'uninterrupted run.',
    )
    .option('--config <file>', 'YAML or JSON file with these keys; flags override it')
    .option('--preset <name>', `defaults to start from: ${presets} (default: default)`)
    .option('--allow_changed', 'go on with a run though its data, weights, templates or code have changed')
    .option('--dry_run', 'say what the run is, what memory it takes, and stop')
    .option('--num_processes <n>', 'train with n processes of this machine, by mpirun (docs/scaling.md)')
    .option('--json', 'print the result as JSON on stdout');
  addConfigFlags(command, verb);
  command.action(async (options: OwnFlags) => {
    const flags = givenFlags(command, OWN_FLAGS);
    const inputs = { allowChanged: options.allow_changed, dryRun: options.dry_run };
    const progress = new Progress(name, 'steps');
    const onNote = (note: string) => progress.say(`note: ${note}`);
    const config = resolveRun(name, { file: options.config, preset: options.preset, flags, onNote });
    try {
      const outcome = await interruptible(
        (signal) =>
          withDownloads(signal, (downloads) =>
            runTraining(
              name,
              config,
              { signal, downloads, ...(leads() && hooksOf(progress, onNote)) },
              inputs,
            ),
          ),
        (line) => progress.say(line),
      );
      progress.finish();
      if (options.json && leads()) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      done(leads() ? tell(name, outcome, config) : codeOf(outcome));
    } catch (error) {
      progress.finish();
      done(reportStopped(error, keptIn(String(config.output_dir))));
    }
  });
}

/** What is said of a run while it trains. */
function hooksOf(progress: Progress, onNote: (note: string) => void): TrainHooks {
  return {
    onStart: (step, total) => {
      progress.begin(step);
      if (step > 0) progress.say(`going on after step ${step} of ${total}`);
    },
    onLog: ({ step, metrics }, total) => progress.update(step, total, noteOf(metrics)),
    onWarning: (message) => progress.say(`warning: ${message}`),
    onNote,
    onFacts: (facts) => describeStart(facts).forEach((line) => progress.say(line)),
    onExpectedTime: (seconds, steps) =>
      progress.say(`time    about ${duration(seconds)} for the ${steps} steps to come`),
  };
}

function keptIn(outputDir: string): string | undefined {
  const newest = listCheckpoints(outputDir).at(-1);
  return newest && `checkpoint ${newest.path} is kept`;
}

function noteOf(metrics: Record<string, number>): string {
  return SHOWN.filter((key) => Number.isFinite(metrics[key]))
    .map((key) => `${key} ${metrics[key].toPrecision(3)}`)
    .join('  ');
}

function tell(name: TrainingVerb, outcome: TrainOutcome, config: ResolvedConfig): number {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  if (outcome.status === 'planned') return codeOf(outcome);
  if (outcome.status === 'interrupted') {
    writeReport(outcome.outputDir);
    say(`interrupted after step ${outcome.step}; checkpoint ${outcome.checkpoint ?? 'none yet'}`);
    say('run the same command again to go on from there');
    return codeOf(outcome);
  }
  const { chosenBy } = outcome;
  const by =
    chosenBy === undefined
      ? ''
      : `, best by ${chosenBy.judge} on ${chosenBy.n} ${chosenBy.of ?? 'dev prompts'} (no evidence)`;
  const kept =
    outcome.bestStep === outcome.step && by === ''
      ? ''
      : `, the policy of step ${outcome.bestStep} kept${by}`;
  if (outcome.alreadyDone) say(`${outcome.outputDir} is complete already`);
  say(`done: ${outcome.step} steps${kept}`);
  say(`result: ${outcome.outputDir}/final`);
  const next = nextCommand(name, outcome.outputDir, config, presetOf(TRAINING_VERBS[name], 'default')!);
  say(`report: ${writeReport(outcome.outputDir, next)}`);
  say(`next: ${next}`);
  return codeOf(outcome);
}

function codeOf({ status }: TrainOutcome): number {
  if (status !== 'interrupted') return EXIT.done;
  return isJob() ? EXIT.again : EXIT.interrupted;
}
