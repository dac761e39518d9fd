import { ArgumentError } from '@selfjudge/base';
import { TemplateError } from './jinja/errors.js';
import { JinjaTemplate, type RenderSettings } from './jinja/template.js';
import type { Value } from './jinja/values.js';

/**
 * The format of a tokenizer that brings no chat template. BOS only where the tokenizer's own rule puts one (the
 * variable is empty otherwise), EOS after each answer, no space at the end of the open turn: it belongs to the answer.
 */
export const PLAIN_TEMPLATE = [
  '{{ bos_token }}{% for message in messages %}',
  "{% if message.role == 'user' %}{{ '\\n\\nHuman: ' + message.content }}",
  "{% elif message.role == 'assistant' %}{{ '\\n\\nAssistant: ' + message.content + eos_token }}",
  "{% else %}{{ '\\n\\nSystem: ' + message.content }}{% endif %}{% endfor %}",
  "{% if add_generation_prompt %}{{ '\\n\\nAssistant:' }}{% endif %}",
].join('');

/**
 * What rendering may take, in nodes evaluated: a template comes with a model and is a program, which might never end. Real
 * ones take some hundred a message.
 */
const STEPS = 100_000;
const STEPS_A_MESSAGE = 5_000;

/** Characters of a template; those in use have some ten thousand. */
const LONGEST_SOURCE = 1 << 18;

/** A compiled Jinja chat template. */
export class ChatTemplate {
  readonly source: string;
  readonly #template: JinjaTemplate;

  /** @throws ArgumentError when `source` is not Jinja, or longer than any format needs */
  constructor(source: string) {
    this.source = source;
    if (source.length > LONGEST_SOURCE) {
      throw refused(`at most ${LONGEST_SOURCE} characters`, `${source.length} characters`);
    }
    try {
      this.#template = new JinjaTemplate(source);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw refused('a Jinja template', error.message);
    }
  }

  /**
   * @param variables `messages` and what else the template is told
   * @param size messages, and characters of what it is told: they bound what it may take
   * @throws TemplateError when the template refuses what it is told, or takes more steps than any format needs
   */
  render(
    variables: ReadonlyMap<string, Value>,
    size: { messages: number; characters: number },
    settings: Omit<RenderSettings, 'budget'>,
  ): string {
    const budget = STEPS + size.messages * STEPS_A_MESSAGE + size.characters;
    return this.#template.render(variables, { ...settings, budget });
  }
}

const refused = (expected: string, received: string): ArgumentError =>
  new ArgumentError('chat template', { where: 'Tokenizer', expected, received });
