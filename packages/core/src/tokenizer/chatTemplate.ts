import { Environment, Interpreter, Template } from '@huggingface/jinja';

import { ArgumentError } from '../errors.js';
import type { Message } from './message.js';

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
 * What templates see as today: the day that Llama 3's template falls back to. A real clock would change prompts, and
 * with them every result, from one day to the next.
 */
const TODAY: Record<string, string> = {
  a: 'Fri',
  A: 'Friday',
  b: 'Jul',
  B: 'July',
  d: '26',
  H: '00',
  I: '12',
  M: '00',
  m: '07',
  p: 'AM',
  S: '00',
  Y: '2024',
  y: '24',
  '%': '%',
};

/** A compiled Jinja chat template, with the globals that Hugging Face's templates count on. */
export class ChatTemplate {
  readonly source: string;
  readonly #program: Template['parsed'];

  /** @throws ArgumentError when `source` is not Jinja */
  constructor(source: string) {
    this.source = source;
    try {
      this.#program = new Template(source).parsed;
    } catch (error) {
      throw new ArgumentError('chat template', {
        where: 'Tokenizer',
        expected: 'a Jinja template',
        received: (error as Error).message,
      });
    }
  }

  /**
   * @param tokens the strings of the special tokens by name, such as bos_token
   * @throws ArgumentError when the template refuses the messages
   */
  render(messages: readonly Message[], addGenerationPrompt: boolean, tokens: Record<string, string>): string {
    const environment = new Environment();
    const variables: Record<string, unknown> = {
      true: true,
      false: false,
      none: null,
      True: true,
      False: false,
      None: null,
      range,
      raise_exception: (message: string) => {
        throw new Error(message);
      },
      strftime_now: (format: string) =>
        format.replace(/%([a-zA-Z%])/g, (_, c: string) => TODAY[c] ?? `%${c}`),
      ...tokens,
      messages,
      add_generation_prompt: addGenerationPrompt,
    };
    for (const [name, value] of Object.entries(variables)) environment.set(name, value);
    try {
      return String(new Interpreter(environment).run(this.#program).value);
    } catch (error) {
      throw new ArgumentError('messages', {
        where: 'renderChat',
        expected: 'messages that the chat template accepts',
        received: `${messages.map((message) => message.role).join(', ')}: ${(error as Error).message}`,
      });
    }
  }
}

/** Python's range. */
function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const values: number[] = [];
  for (let i = from; step > 0 ? i < to : i > to; i += step) values.push(i);
  return values;
}
