import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileFormatError } from '@selfjudge/base';
import type { Message, TemplateArguments, TemplateSettings, Tokenizer } from '@selfjudge/text';
import { templateArgumentsFault } from '@selfjudge/text/internal';

/** What a configuration says of the chat template. */
export interface ChatTemplateOptions {
  /** Variables of the chat template, such as enable_thinking; those saved beside the weights hold where it says nothing. */
  chatTemplateKwargs?: TemplateArguments;
  /** The day, or moment, that the chat template is told as today: '2026-11-29'. Default: today. */
  chatTemplateDate?: string;
}

const ARGUMENTS_FILE = 'chat_template_kwargs.json';

/**
 * What the chat template is told: the saved arguments, and those of a configuration over them. A model that may think first
 * answers at once unless it is told to think: training, scores and verdicts are of answers.
 */
export function settingsOf(
  tokenizer: Tokenizer,
  saved: TemplateArguments,
  { chatTemplateKwargs, chatTemplateDate }: ChatTemplateOptions,
): TemplateSettings {
  const told = { ...saved, ...chatTemplateKwargs };
  const atOnce = { ...told, enable_thinking: false };
  const isOpen = told.enable_thinking === undefined && showsBoth(tokenizer, atOnce);
  return { arguments: isOpen ? atOnce : told, now: chatTemplateDate };
}

/**
 * Whether a template knows of thinking, and shows a finished answer without as it opens a turn for one. Where it does not, a
 * finished conversation is another than the one that was asked, and what nobody asked for stays as transformers has it.
 */
function showsBoth(tokenizer: Tokenizer, templateArguments: TemplateArguments): boolean {
  if (!/\benable_thinking\b/.test(tokenizer.chatTemplate ?? '')) return false;
  const question: Message = { role: 'user', content: 'a question' };
  const answer: Message = { role: 'assistant', content: 'an answer' };
  const opened = tokenizer.renderChat([question], { templateArguments, addGenerationPrompt: true });
  return tokenizer.renderChat([question, answer], { templateArguments }).text.startsWith(opened.text);
}

/** What the chat template is told of all rows, as a line; none where it is told nothing. */
export function templateNotes({ arguments: told = {} }: TemplateSettings): string[] {
  const names = Object.entries(told).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return names.length === 0
    ? []
    : [`the chat template is told {${names.join(', ')}} (--chat_template_kwargs changes it)`];
}

/** Something with a tokenizer, told as `options` say. */
export function telling<T extends { tokenizer: Tokenizer; templateSettings: TemplateSettings }>(
  opened: T,
  options: ChatTemplateOptions,
): T {
  const settings = settingsOf(opened.tokenizer, opened.templateSettings.arguments ?? {}, options);
  return { ...opened, tokenizer: opened.tokenizer.withTemplate(settings), templateSettings: settings };
}

/** The arguments that a model was trained with, which are saved beside its weights. @throws FileFormatError */
export function savedArguments(folder: string): TemplateArguments {
  const path = join(folder, ARGUMENTS_FILE);
  if (!existsSync(path)) return {};
  let fault: string | undefined;
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as TemplateArguments;
    fault = templateArgumentsFault(saved);
    if (fault === undefined) return saved;
  } catch (error) {
    fault = (error as Error).message;
  }
  throw new FileFormatError({ path, expected: 'variables of a chat template', received: fault });
}

/** Saves arguments beside weights, where there are any. */
export function saveArguments({ arguments: told = {} }: TemplateSettings, folder: string): void {
  if (Object.keys(told).length > 0) {
    writeFileSync(join(folder, ARGUMENTS_FILE), `${JSON.stringify(told, undefined, 2)}\n`);
  }
}
