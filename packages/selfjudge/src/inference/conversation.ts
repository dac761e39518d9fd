import { ArgumentError } from '@selfjudge/base';
import type { GenerationProgress } from '@selfjudge/engine';
import { promptIds } from '@selfjudge/data/internal';
import type { Message } from '@selfjudge/text';
import type { OpenModel } from '../models/model.js';
import { answerPrompts, type Answer, type AnswerOptions } from './generate.js';

interface Turn {
  question: string;
  answer: string;
}

/** How an answer of a conversation is drawn. */
export type ChatOptions = Omit<AnswerOptions, 'count' | 'signal'> & { maxNewTokens: number; seed: number };

export interface AskHooks {
  signal?: AbortSignal;
  /** Called with each piece of the answer's text; not where the best of several answers is looked for. */
  onText?(text: string): void;
  /** Called after every step of sampling several answers. */
  onProgress?(progress: GenerationProgress): void;
}

/** What came of a question. */
export interface Asked {
  /** Absent where it was stopped. */
  answer?: Answer;
  /** Tokens of the conversation before the answer. */
  promptTokens: number;
  /** Whether the question and what there is of an answer are part of the conversation. */
  kept: boolean;
}

/** A conversation with a model. It changes when an answer has come: what fails leaves it as it was. */
export class Conversation {
  #system: string | undefined;
  #turns: Turn[] = [];
  #asked = 0;
  readonly #opened: OpenModel;
  readonly #options: ChatOptions;

  /** @throws ArgumentError when the model's format takes no system prompt, or answers alone fill its context */
  constructor(opened: OpenModel, options: ChatOptions, system?: string) {
    this.#opened = opened;
    this.#options = options;
    const { maxPositions } = opened.model.config;
    if (options.maxNewTokens >= maxPositions)
      throw new ArgumentError('max_new_tokens', {
        where: 'chat',
        expected: `less than the model's context of ${maxPositions} tokens`,
        received: options.maxNewTokens,
      });
    this.setSystem(system);
  }

  get system(): string | undefined {
    return this.#system;
  }

  /** Questions that have an answer. */
  get turns(): number {
    return this.#turns.length;
  }

  /** What was said, the system prompt first. */
  get messages(): Message[] {
    return [
      ...(this.#system === undefined ? [] : [{ role: 'system', content: this.#system } as const]),
      ...this.#turns.flatMap(({ question, answer }): Message[] => [
        { role: 'user', content: question },
        { role: 'assistant', content: answer },
      ]),
    ];
  }

  /** What the model is told before the turns there are and those to come. @throws ArgumentError when its format has no place */
  setSystem(text: string | undefined): void {
    const before = this.#system;
    this.#system = text;
    try {
      promptIds(this.#opened.tokenizer, [...this.messages, { role: 'user', content: 'a question' }]);
    } catch (error) {
      this.#system = before;
      throw error;
    }
  }

  reset(): void {
    this.#turns = [];
  }

  /** Takes the last question and its answer back. @returns the question */
  undo(): string | undefined {
    return this.#turns.pop()?.question;
  }

  /**
   * Asks the model. When the signal aborts, what has come of the answer is kept as the answer; nothing is, where none
   * has come or several were to be compared.
   *
   * @throws ArgumentError when question and answer do not fit the model's context; the conversation stays as it was
   */
  async ask(question: string, { signal, onText, onProgress }: AskHooks = {}): Promise<Asked> {
    const prompt: Message[] = [...this.messages, { role: 'user', content: question }];
    const promptTokens = this.#fitting(prompt);
    const { bestOf = 1, seed } = this.#options;
    let text = '';
    const options: AnswerOptions = { ...this.#options, seed: seed + this.#asked++, signal };
    if (bestOf > 1) options.onProgress = onProgress;
    else
      options.onText = (piece) => {
        text += piece.text;
        onText?.(piece.text);
      };
    try {
      const [[answer]] = await answerPrompts(this.#opened, [prompt], options);
      this.#turns.push({ question, answer: answer.text });
      return { answer, promptTokens, kept: true };
    } catch (error) {
      if (signal?.aborted !== true) throw error;
      if (text !== '') this.#turns.push({ question, answer: text });
      return { promptTokens, kept: text !== '' };
    }
  }

  /**
   * Asks the last question again. Where no other answer comes, the one there was stays.
   * @returns undefined when there is no question
   */
  async retry(hooks: AskHooks = {}): Promise<Asked | undefined> {
    const last = this.#turns.pop();
    if (last === undefined) return undefined;
    let kept = false;
    try {
      const asked = await this.ask(last.question, hooks);
      kept = asked.kept;
      return asked;
    } finally {
      if (!kept) this.#turns.push(last);
    }
  }

  /** Tokens of a prompt that leaves room for an answer. */
  #fitting(prompt: Message[]): number {
    const { tokenizer, model } = this.#opened;
    const { maxNewTokens } = this.#options;
    const { maxPositions } = model.config;
    const { length } = promptIds(tokenizer, prompt);
    const room = maxPositions - maxNewTokens;
    if (length <= room) return length;
    throw new ArgumentError('conversation', {
      where: 'chat',
      expected:
        `at most ${room} tokens, the model's context of ${maxPositions} less ${maxNewTokens} for the answer ` +
        '(/undo takes back the last turn, /reset begins anew, a smaller --max_new_tokens leaves more room)',
      received: `${length} with this question, which is left out`,
    });
  }
}
