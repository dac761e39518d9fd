import { Option, type Command } from 'commander';
import { mapKeys, camelCase } from '../config/index.js';
import { evaluate, type EvaluateOptions, type Evaluation } from '../inference/evaluate.js';
import { withOutput } from './output.js';
import { describeEvaluation } from './describeEvaluation.js';
import { interruptible } from './exit.js';
import { addModelFlags } from './modelFlags.js';
import { Progress } from './progress.js';
import { numberFlag, wholeFlag } from './values.js';

export function addEvaluateVerb(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('agreement with people; against a baseline also win rates and implicit reward')
    .description(
      'How well a model judges held-out human pairs; with --baseline also how well it answers.\n\n' +
        'The judge that a policy was trained on is no evidence for it: give an --outside_judge of another seed and ' +
        'other pairs.',
    );
  addModelFlags(command, 'the model to evaluate')
    .option('--baseline <path>', 'what it was trained from')
    .option('--outside_judge <path>', 'a judge it was not trained on')
    .option('--template <name>', 'judge template; auto: the one beside the weights', 'auto')
    .optionsGroup('Data:')
    .requiredOption('--dataset_name <files...>', 'preference pairs (JSONL, .gz too)')
    .addOption(
      new Option('--dataset_split <split>', 'part of the data, by hash of the first user turn')
        .choices(['train', 'self', 'dev', 'test', 'all'])
        .default('test'),
    )
    .option('--dataset_limit <n>', 'pairs at most; 0 for all', wholeFlag(), 0)
    .option(
      '--max_length <n>',
      'pairs with more tokens are left out and counted',
      wholeFlag({ least: 1 }),
      1024,
    )
    .optionsGroup('Answers:')
    .option('--max_new_tokens <n>', 'tokens of an answer at most', wholeFlag({ least: 1 }), 128)
    .option('--temperature <t>', '0 takes the most probable token', numberFlag({ least: 0 }), 1)
    .option('--top_p <p>', 'nucleus sampling; 1 for off', numberFlag({ least: 0, most: 1 }), 0.9)
    .option('--beta <b>', 'scale of the implicit reward', numberFlag({ least: 0 }), 0.1)
    .option('--seed <n>', 'keys the answers', wholeFlag(), 0)
    .optionsGroup('Output:')
    .option('--out <file>', 'write everything, samples too, as JSON')
    .option('--json', 'print the result as JSON on stdout')
    .action((flags: Record<string, unknown> & { out?: string; json?: boolean }) =>
      withOutput(
        flags.out,
        () => {},
        async (write) => {
          const result = await evaluated(mapKeys(flags, camelCase) as unknown as EvaluateOptions);
          write(`${JSON.stringify(result, null, 2)}\n`);
          process.stdout.write(
            flags.json ? `${JSON.stringify(result)}\n` : `${describeEvaluation(result)}\n`,
          );
        },
      ),
    );
}

async function evaluated(options: EvaluateOptions): Promise<Evaluation> {
  let progress = new Progress('', '');
  const say = (line: string) => progress.say(line);
  const work = (signal: AbortSignal) =>
    evaluate(options, {
      signal,
      onPhase: (name, unit) => {
        progress.finish();
        progress = new Progress(' ', unit);
        say(name);
      },
      onProgress: (done, total) => progress.update(done, total),
      onWarning: (message) => say(`warning: ${message}`),
    });
  try {
    return await interruptible(work, say);
  } finally {
    progress.finish();
  }
}
