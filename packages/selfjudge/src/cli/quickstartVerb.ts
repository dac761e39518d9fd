import { InvalidArgumentError, Option, type Command } from 'commander';
import { quickstart, quickstartDefaults, type QuickstartOptions, type QuickstartResult } from '../pipelines/quickstart.js';
import { EXIT, interruptible } from './exit.js';
import { duration, Progress } from './progress.js';
import { interval, table } from './table.js';

const whole = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number');
  return value;
};

const PHASES: Record<string, string> = {
  base: 'base: a 0.2M-parameter model reads unlabelled text',
  jsft: 'jsft: it learns to answer and to judge from noisy labels',
  'self-train': 'self-train: it learns from its own judgments of its own answers',
  dpo: 'dpo: the same labelled pairs, offline, for comparison',
  test: 'test: held-out prompts, scored by the exact rules of the world',
};

export function addQuickstartVerb(program: Command): void {
  const d = quickstartDefaults;
  program
    .command('quickstart')
    .description('the whole method in a small world with a gold judge, in a few minutes')
    .option('--output_dir <folder>', 'run folder', d.outputDir)
    .option('--seed <n>', 'seed of everything', whole, d.seed)
    .addOption(
      new Option('--template <kind>', 'how the judge is asked')
        .choices(['plain', 'principles', 'rationale'])
        .default(d.template),
    )
    .option('--steps <n>', 'self-training steps', whole, d.steps)
    .option('--json', 'print the result as JSON on stdout')
    .action(async (flags: Partial<QuickstartOptions> & { output_dir: string; json?: boolean }) => {
      const { json, output_dir: outputDir, ...rest } = flags;
      let progress: Progress | undefined;
      const result = await interruptible((signal) =>
        quickstart(
          { ...d, ...rest, outputDir },
          {
            signal,
            onPhase: (name) => {
              progress?.finish();
              process.stderr.write(`\n${PHASES[name] ?? name}\n`);
              progress = new Progress(`  ${name}`, 'steps');
            },
            onLog: (_, { step, metrics }, total) =>
              progress?.update(step, total, Number.isFinite(metrics.loss) ? `loss ${metrics.loss.toFixed(3)}` : ''),
            onWarning: (message) => process.stderr.write(`\nwarning: ${message}\n`),
          },
        ),
      );
      progress?.finish();
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${describe(result)}\n`);
      process.exitCode = EXIT.done;
    });
}

function describe({ judgeAccuracy, contenders, examples, seconds, outputDir }: QuickstartResult): string {
  const rows = contenders.map(({ name, score, kl, step }) => [
    name,
    interval(score.gold, 2),
    interval(score.perfect, 2),
    score.win ? interval(score.win, 2) : '',
    kl === undefined ? '' : kl.toFixed(2),
    score.repeat.toFixed(2),
    score.length.toFixed(1),
    step === undefined ? '' : String(step),
  ]);
  const total = Object.values(seconds).reduce((a, b) => a + b, 0);
  return `
Judge: right on ${interval(judgeAccuracy)} of ${judgeAccuracy.n} pairs of JSFT's own answers to held-out prompts

${table(['held-out prompts', 'gold [95%]', 'perfect [95%]', 'win vs JSFT [95%]', 'KL', 'repeat', 'words', 'step'], rows)}

gold: exact score, 0 to 1. perfect: share of answers without a fault. KL: nats a sequence from JSFT. repeat: share of
lists that name an item twice (gold does not punish it). step: the policy kept, chosen on dev prompts by JSFT's own
judgments. Intervals are over held-out prompts; training noise is not in them.

${examples
  .map(
    (e) =>
      `  ${e.prompt}\n    JSFT        ${e.goldBefore.toFixed(2)}  ${e.before}\n    SELF-JUDGE  ${e.goldAfter.toFixed(2)}  ${e.after}`,
  )
  .join('\n')}

${duration(total)} in all. Run folder: ${outputDir} (models in base/final, jsft/final, self-train/final, dpo/final)
next: pnpm selfjudge generate -m ${outputDir}/self-train --prompt "List three red foods." --dtype float32 --best_of 8`;
}
