import type { Command } from 'commander';
import { resolveConfig, TRAINING_VERBS, type TrainingVerb, type VerbConfig } from '../config/index.js';
import { runTraining, type TrainOutcome } from '../pipelines/train.js';
import { addConfigFlags, givenFlags } from './arguments.js';
import { EXIT, interruptible } from './exit.js';
import { Progress } from './progress.js';

const ABOUT: Record<TrainingVerb, string> = {
  sft: 'supervised fine-tuning on completions',
  jsft: 'judge-augmented fine-tuning: answer and judge with the same weights',
  'self-train': 'on-policy training by the own judgments of the frozen start',
  dpo: 'preference training on the pairs of a file',
};

const NEXT: Record<TrainingVerb, (run: string, data: string) => string> = {
  sft: (run, data) => `selfjudge jsft -m ${run} --dataset_name ${data} --output_dir runs/jsft`,
  jsft: (run, data) => `selfjudge self-train -m ${run} --dataset_name ${data} --output_dir runs/self-train`,
  'self-train': (run, data) => `selfjudge evaluate -m ${run} --dataset_name ${data}`,
  dpo: (run, data) => `selfjudge evaluate -m ${run} --dataset_name ${data}`,
};

/** Metrics worth a place on the progress line, in this order. */
const SHOWN = ['loss', 'verdict_accuracy', 'rewards/accuracies', 'eval/judge_win_rate', 'kl'];

export function addTrainingVerb(program: Command, name: TrainingVerb, done: (code: number) => void): void {
  const verb: VerbConfig = TRAINING_VERBS[name];
  const command = program
    .command(name)
    .description(ABOUT[name])
    .option('--config <file>', 'YAML or JSON file with these keys; flags override it')
    .option('--preset <name>', `defaults to start from: ${Object.keys(verb.presets).join(', ')}`, 'default')
    .option('--json', 'print the result as JSON on stdout');
  addConfigFlags(command, verb, { model_name_or_path: '-m' });
  command.action(async (options: { config?: string; preset: string; json?: boolean }) => {
    const flags = givenFlags(command, ['config', 'preset', 'json']);
    const config = resolveConfig(verb, { file: options.config, preset: options.preset, flags });
    const progress = new Progress(name, 'steps');
    const outcome = await interruptible((signal) =>
      runTraining(name, config, {
        signal,
        onLog: ({ step, metrics }, total) =>
          progress.update(
            step,
            total,
            SHOWN.filter((key) => Number.isFinite(metrics[key]))
              .map((key) => `${key} ${metrics[key].toPrecision(3)}`)
              .join('  '),
          ),
        onWarning: (message) => process.stderr.write(`warning: ${message}\n`),
      }),
    );
    progress.finish();
    if (options.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
    done(tell(name, outcome, [config.dataset_name].flat().join(' ')));
  });
}

function tell(name: TrainingVerb, outcome: TrainOutcome, data: string): number {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  if (outcome.status === 'interrupted') {
    say(`interrupted after step ${outcome.step}; checkpoint ${outcome.checkpoint ?? 'none yet'}`);
    say('run the same command again to go on from there');
    return EXIT.interrupted;
  }
  const kept = outcome.bestStep === outcome.step ? '' : `, the policy of step ${outcome.bestStep} kept`;
  say(outcome.alreadyDone ? `${outcome.outputDir} is complete already` : `done: ${outcome.step} steps${kept}`);
  say(`result: ${outcome.outputDir}/final`);
  say(`next: ${NEXT[name](outcome.outputDir, data)}`);
  return EXIT.done;
}
