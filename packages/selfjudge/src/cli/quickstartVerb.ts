import type { Command } from 'commander';
import { resolveVerb, valuesOf } from '../config/index.js';
import {
  quickstart,
  quickstartDefaults,
  type QuickstartOptions,
  type QuickstartOutcome,
} from '../world/quickstart.js';
import { QUICKSTART } from '../world/quickstartConfig.js';
import { addConfigFlags, givenFlags } from './arguments.js';
import { EXIT, interruptible } from './exit.js';
import { Progress } from './progress.js';
import { describe } from './quickstartText.js';
import { reportStopped } from './stopped.js';

const ABOUT: Record<string, string> = {
  sft: 'for comparison: a model that can write learns from the better answers of few labelled pairs',
  jsft: 'the same, and in the same weights to name the better of two answers',
  'self-train': 'it learns from its own judgments of its own answers, on prompts that nobody labelled',
  dpo: 'for comparison: the labels that the judge learnt from, offline',
  test: 'held-out prompts, and the best of many answers by tournament',
};

export function addQuickstartVerb(program: Command, done: (code: number) => void): void {
  const command = program
    .command('quickstart')
    .description('the whole method in a small world with a gold judge, in a few minutes');
  addConfigFlags(command, QUICKSTART)
    .optionsGroup('Output:')
    .option('--json', 'print the result as JSON on stdout')
    .action(async ({ json }: { json?: boolean }) => {
      const flags = givenFlags(command, ['json']);
      const given = valuesOf(QUICKSTART.options, resolveVerb('quickstart', QUICKSTART, { flags }));
      const options = { ...quickstartDefaults, ...given };
      const { outputDir } = options;
      let outcome: QuickstartOutcome;
      try {
        outcome = await follow(options);
      } catch (error) {
        return done(reportStopped(error, `what is done is kept in ${outputDir}`));
      }
      if (outcome.status === 'interrupted') return done(EXIT.interrupted);
      if (json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      else process.stdout.write(`\n${describe(outcome, heading)}\n`);
      done(EXIT.done);
    });
}

/** As wide as the longest name of a phase and its gap. */
const INDENT = ' '.repeat(12);

/** Runs it and says on stderr where it is. */
async function follow(options: QuickstartOptions): Promise<QuickstartOutcome> {
  let progress = new Progress('', 'steps');
  try {
    const outcome = await interruptible((signal) =>
      quickstart(options, {
        signal,
        onPhase: (name, loaded) => {
          progress.finish();
          progress = new Progress(INDENT.slice(2), 'steps');
          progress.say(`${name.padEnd(INDENT.length)}${ABOUT[name]}${loaded ? ' (done before)' : ''}`);
        },
        onStart: (_, step, total) => {
          progress.begin(step);
          if (step > 0) progress.say(`${INDENT}going on after step ${step} of ${total}`);
        },
        onLog: (_, { step, metrics }, total) =>
          progress.update(
            step,
            total,
            Number.isFinite(metrics.loss) ? `loss ${metrics.loss.toFixed(3)}` : '',
          ),
        onWarning: (message) => progress.say(`warning: ${message}`),
      }),
    );
    progress.finish();
    if (outcome.status === 'interrupted') {
      progress.say(`interrupted in ${outcome.phase}; what is done is kept in ${outcome.outputDir}`);
      progress.say('run the same command again to go on from there');
    } else if (outcome.alreadyDone) progress.say(`${outcome.outputDir} is complete already; its result:`);
    return outcome;
  } finally {
    progress.finish();
  }
}

/** Bold where a terminal shows it. */
const heading = (text: string) =>
  process.stdout.isTTY && process.env.NO_COLOR === undefined ? `\x1b[1m${text}\x1b[0m` : text;
