import type { Command } from 'commander';
import { located } from '../hub/located.js';
import { dataPlace } from '../hub/places.js';
import { assertTemplate } from '../models/judgeTemplate.js';
import { inspect } from '../training/inspection.js';
import { withDownloads } from './downloads.js';
import { EXIT, interruptible } from './exit.js';
import { inspectionJson } from './inspect/inspectionJson.js';
import { inspectionText } from './inspect/inspectionText.js';
import { MODEL_VERBS } from '../config/index.js';
import { addModelFlags, optionsOf } from './modelFlags.js';
import { Progress } from './progress.js';
import { hasColours, painter, widthOf } from './terminal.js';

/** Work that takes no longer shows no progress. */
const QUIET_MS = 1000;

/** @param done takes the exit code */
export function addInspectVerb(program: Command, done: (code: number) => void): void {
  const command = program
    .command('inspect <file>')
    .summary('the tokens that training makes of rows: prompt, labels, what is left out and why')
    .description(
      'The tokens that training makes of rows: the prompt as it is rendered, what is trained on, what is left out and why.\n\n' +
        'Rows are read and made into examples by the functions that the verb trains with; weights are not read. Rows of ' +
        'every kind: {prompt, completion}, {messages}, {prompt, chosen, rejected}, {prompt}, {prompt, completions: [a, b]}.',
    );
  addModelFlags(command, 'inspect')
    .optionsGroup('Output:')
    .option('--json', 'ids, texts and kinds of tokens, counts and all that is left out, as one JSON object')
    .action(async (file: string) => {
      const { json, ...options } = optionsOf(MODEL_VERBS.inspect, command);
      if (options.judgeTemplate !== undefined) assertTemplate(options.judgeTemplate);
      const progress = new Progress('inspect', 'rows');
      const start = performance.now();
      const found = await interruptible(async (signal) => {
        const here = await withDownloads(signal, async (hooks) => ({
          ...(await located(options, hooks)),
          file: (await dataPlace(file, undefined, hooks)).paths[0],
        }));
        return inspect(here.file, {
          ...here.options,
          signal,
          onProgress: (rows, total) => {
            if (performance.now() - start > QUIET_MS) progress.update(rows, total);
          },
        });
      });
      progress.finish();
      const { stdout } = process;
      const view = {
        paint: painter(stdout),
        width: widthOf(stdout, { most: 120, otherwise: 100 }),
        coloured: hasColours(stdout),
      };
      stdout.write(`${json ? JSON.stringify(inspectionJson(found)) : inspectionText(found, view)}\n`);
      done(Object.keys(found.counts).length > 0 || found.otherSplits > 0 ? EXIT.done : EXIT.failed);
    });
}
