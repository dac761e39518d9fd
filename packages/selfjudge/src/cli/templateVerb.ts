import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { ConfigError } from '@selfjudge/base';
import { modelFacts } from '@selfjudge/engine/internal';
import { shippedTemplates } from '@selfjudge/judging';
import { loadJudgeTemplate, questionsOf, templateFileOf } from '@selfjudge/judging/internal';
import { located } from '../hub/located.js';
import { templateReport } from '../inference/templateReport.js';
import { resolveTemplate } from '../models/judgeTemplate.js';
import { toldTokenizer } from '../models/toldTokenizer.js';
import { withDownloads } from './downloads.js';
import { EXIT, interruptible } from './exit.js';
import { filePath } from './output.js';
import { templateText } from './templateText.js';
import { painter } from './terminal.js';

interface CheckFlags {
  model_name_or_path?: string;
  chat_template?: string;
  json?: boolean;
}

/** @param done takes the exit code */
export function addTemplateVerb(program: Command, done: (code: number) => void): void {
  const template = program
    .command('template')
    .summary('judge templates: those that come with it, and whether one can be asked')
    .description(
      'Judge templates: those that come with it, what is in them, and whether a model can be asked by one.',
    );
  template
    .command('list', { isDefault: true })
    .summary('the templates that come with it')
    .description('The templates that come with it, with the names of their questions.')
    .option('--json', 'print JSON lines')
    .action(({ json }: { json?: boolean }) => {
      const all = shippedTemplates().map((name) => {
        const loaded = loadJudgeTemplate(name);
        const questions = questionsOf(loaded).map((question) => question.name);
        return { name, questions, rationale: loaded.rationale !== undefined, about: aboutOf(name) };
      });
      const text = json
        ? all.map((one) => JSON.stringify(one)).join('\n')
        : all
            .map(({ name, questions, about }) => `${name}\n  ${about}\n  asks for ${questions.join(', ')}`)
            .join('\n');
      process.stdout.write(`${text}\n`);
    });
  template
    .command('show <name>')
    .summary('the file of one: a shipped name, or a path')
    .description(
      'The file of a template, to be copied and changed: `selfjudge template show plain > mine.yaml`.',
    )
    .action((name: string) => {
      const path = fileOf(name);
      loadJudgeTemplate(path);
      process.stdout.write(readFileSync(path, 'utf8'));
    });
  template
    .command('check <name>')
    .summary('its questions about an example, and the tokens where the verdict stands')
    .description(
      'The questions of a template (a shipped name, a file, or auto: the one beside the weights of -m) about an example. With -m ' +
        'as the model reads them, with the ids before the verdict and of both verdicts; where one is refused, why, and ' +
        'which spelling is one token. Weights are not read. Exit code 1 where it cannot be asked.',
    )
    .option('-m, --model_name_or_path <value>', 'in the tokens of this model')
    .option('--chat_template <value>', "a name or a file, in the place of the model's own")
    .option('--json', 'everything as one JSON object')
    .action(async (name: string, { json, ...flags }: CheckFlags) => {
      const report = await interruptible((signal) => reportOn(name, flags, signal));
      process.stdout.write(
        `${json ? JSON.stringify(report) : templateText(report, painter(process.stdout))}\n`,
      );
      if (report.problems.length > 0) done(EXIT.failed);
    });
}

async function reportOn(name: string, flags: Omit<CheckFlags, 'json'>, signal: AbortSignal) {
  const { model_name_or_path: given, chat_template: chatTemplate } = flags;
  if (given === undefined) {
    if (name === 'auto')
      throw new ConfigError({
        key: 'model_name_or_path',
        expected: 'a model, as auto is the template beside its weights',
        received: 'none',
      });
    return templateReport(loadJudgeTemplate(fileOf(name)));
  }
  const { options } = await withDownloads(signal, (hooks) => located({ modelNameOrPath: given }, hooks));
  const { path, tokenizer: own } = await modelFacts(options.modelNameOrPath);
  const { tokenizer } = toldTokenizer(
    own,
    path,
    { chatTemplate },
    { where: 'template check', received: given },
  );
  return templateReport(resolveTemplate(name === 'auto' ? name : fileOf(name), { path }), tokenizer);
}

const fileOf = (name: string): string => templateFileOf(filePath('judge_template', name));

/** What a shipped template says of itself: the comment that it begins with. */
function aboutOf(name: string): string {
  const lines = readFileSync(templateFileOf(name), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^#\s*/, ''))
    .join(' ');
}
