import { ArgumentError } from '@selfjudge/base';
import type { TemplateSettings, Tokenizer } from '@selfjudge/text';
import { withChatTemplate } from '@selfjudge/text/internal';
import { savedArguments, settingsOf, type ChatTemplateOptions } from './templateSettings.js';

/** A tokenizer as a model is asked with it. */
export interface ToldTokenizer {
  /** With the chat template that was chosen, told nothing: what is saved beside weights. */
  plain: Tokenizer;
  tokenizer: Tokenizer;
  /** What its chat template is told. */
  templateSettings: TemplateSettings;
}

/**
 * The tokenizer of a model, told what was saved beside its weights and, over that, what is asked for.
 * @param own the model's; undefined where it has none
 * @param folder where the weights lie that were trained with it
 * @param options.chatTemplate in the place of its own: a name or a file
 * @param at.received the model, as it is named in errors
 * @throws ArgumentError for a model without one
 */
export function toldTokenizer(
  own: Tokenizer | undefined,
  folder: string,
  { chatTemplate, ...told }: ChatTemplateOptions & { chatTemplate?: string },
  at: { where: string; received: string | undefined },
): ToldTokenizer {
  if (own === undefined)
    throw new ArgumentError('model_name_or_path', {
      ...at,
      expected: 'a model with a tokenizer (tokenizer.json or tokenizer.model in its folder)',
    });
  const plain = chatTemplate === undefined ? own : withChatTemplate(own, chatTemplate);
  const templateSettings = settingsOf(plain, savedArguments(folder), told);
  return { plain, tokenizer: plain.withTemplate(templateSettings), templateSettings };
}
