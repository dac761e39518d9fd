import { Environment, Template } from '@huggingface/jinja';

import { ArgumentError } from '@selfjudge/base';
import { BoundedInterpreter } from './boundedInterpreter.js';
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

/**
 * What rendering may take, in nodes evaluated: a template comes with a model and is a program, which might never end. Real
 * ones take some hundred a message.
 */
const STEPS = 100_000;
const STEPS_A_MESSAGE = 5_000;

/** Characters of a template; those in use have some ten thousand. */
const LONGEST_SOURCE = 1 << 18;
const LONG_SPACE = /\s{257}/;

/** A compiled Jinja chat template, with the globals that Hugging Face's templates count on. */
export class ChatTemplate {
  readonly source: string;
  readonly #program: Template['parsed'];

  /** @throws ArgumentError when `source` is not Jinja, or longer than any format needs */
  constructor(source: string) {
    this.source = source;
    checkSource(source);
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
   * @throws ArgumentError when the template refuses the messages, or takes more steps than any format needs
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
      const budget = STEPS + messages.reduce((sum, { content }) => sum + STEPS_A_MESSAGE + content.length, 0);
      return String(new BoundedInterpreter(environment, budget).run(this.#program).value);
    } catch (error) {
      throw new ArgumentError('messages', {
        where: 'renderChat',
        expected: 'messages that the chat template accepts',
        received: `${messages.map((message) => message.role).join(', ')}: ${(error as Error).message}`,
      });
    }
  }
}

/** Refuses what the library would take the square of its length for. */
function checkSource(source: string): void {
  const fail = (expected: string, received: string): never => {
    throw new ArgumentError('chat template', { where: 'Tokenizer', expected, received });
  };
  if (source.length > LONGEST_SOURCE) {
    fail(`at most ${LONGEST_SOURCE} characters`, `${source.length} characters`);
  }
  if (LONG_SPACE.test(source)) fail('at most 256 white-space characters in a row', 'more of them');
}

/** Python's range, of at most as many numbers as a template could do anything with. */
function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (![from, to, step].every(Number.isSafeInteger) || step === 0) {
    throw new Error('range takes whole numbers and a step that is not 0');
  }
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (count > STEPS) throw new Error(`a range of ${count} numbers`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}
