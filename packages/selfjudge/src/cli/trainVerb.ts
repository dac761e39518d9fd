import { listCheckpoints } from '@selfjudge/training/runs/internal';
import type { Command } from 'commander';
import {
  presetOf,
  TRAINING_VERBS,
  type ResolvedConfig,
  type TrainingVerb,
  type VerbConfig,
} from '../config/index.js';
import { resolveRun } from '../training/resolveRun.js';
import { runTraining, type TrainOutcome } from '../training/train.js';
import { addConfigFlags, givenFlags } from './arguments.js';
import { EXIT, interruptible } from './exit.js';
import { nextCommand } from './nextCommand.js';
import { Progress } from './progress.js';
import { reportStopped } from './stopped.js';

const ABOUT: Record<TrainingVerb, string> = {
  sft: 'supervised fine-tuning on completions',
  jsft: 'judge-augmented fine-tuning: answer and judge with the same weights',
  'self-train': 'on-policy training by the own judgments of the frozen start',
  dpo: 'preference training on the pairs of a file',
};

/** Metrics worth a place on the progress line, in this order. */
const SHOWN = ['loss', 'verdict_accuracy', 'rewards/accuracies', 'eval/judge_win_rate', 'kl'];

/** @param done takes the exit code of a run that ended in order */
export function addTrainingVerb(program: Command, name: TrainingVerb, done: (code: number) => void): void {
  const verb: VerbConfig = TRAINING_VERBS[name];
  const presets = Object.keys(verb.presets).join(', ');
  const command = program
    .command(name)
    .summary(ABOUT[name])
    .description(
      `${ABOUT[name][0].toUpperCase()}${ABOUT[name].slice(1)}.\n\n` +
        'Writes a run folder; its final/ opens in PEFT or transformers. Ctrl-C saves a checkpoint. After that, or after ' +
        'a crash, the same command goes on from the newest checkpoint and ends with the same bits as an ' +
        'uninterrupted run.',
    )
    .option('--config <file>', 'YAML or JSON file with these keys; flags override it')
    .option('--preset <name>', `defaults to start from: ${presets} (default: default)`)
    .option('--json', 'print the result as JSON on stdout');
  addConfigFlags(command, verb);
  command.action(async (options: { config?: string; preset?: string; json?: boolean }) => {
    const flags = givenFlags(command, ['config', 'preset', 'json']);
    const config = resolveRun(name, { file: options.config, preset: options.preset, flags });
    const progress = new Progress(name, 'steps');
    try {
      const outcome = await interruptible(
        (signal) =>
          runTraining(name, config, {
            signal,
            onStart: (step, total) => {
              progress.begin(step);
              if (step > 0) progress.say(`going on after step ${step} of ${total}`);
            },
            onLog: ({ step, metrics }, total) => progress.update(step, total, noteOf(metrics)),
            onWarning: (message) => progress.say(`warning: ${message}`),
            onNote: (message) => progress.say(`note: ${message}`),
          }),
        (line) => progress.say(line),
      );
      progress.finish();
      if (options.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      done(tell(name, outcome, config));
    } catch (error) {
      progress.finish();
      done(reportStopped(error, keptIn(String(config.output_dir))));
    }
  });
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
  if (outcome.status === 'interrupted') {
    say(`interrupted after step ${outcome.step}; checkpoint ${outcome.checkpoint ?? 'none yet'}`);
    say('run the same command again to go on from there');
    return EXIT.interrupted;
  }
  const kept = outcome.bestStep === outcome.step ? '' : `, the policy of step ${outcome.bestStep} kept`;
  if (outcome.alreadyDone) say(`${outcome.outputDir} is complete already`);
  say(`done: ${outcome.step} steps${kept}`);
  say(`result: ${outcome.outputDir}/final`);
  say(`next: ${nextCommand(name, outcome.outputDir, config, presetOf(TRAINING_VERBS[name], 'default')!)}`);
  return EXIT.done;
}
