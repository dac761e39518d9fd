import { ConfigError } from '@selfjudge/base';
import { refusable } from '@selfjudge/data/internal';
import type {
  CompareOptions,
  Judge,
  JudgedOrder,
  JudgePair,
  JudgePrinciple,
  JudgeTemplate,
  Verdict,
} from '@selfjudge/judging';
import {
  judgeBy,
  NO_VERDICT,
  ORDERS,
  questionOf,
  questionsOf,
  verdictOf,
  voteOf,
  type Question,
} from '@selfjudge/judging/internal';
import { EndpointFailure } from './failure.js';
import { Exchange, type EndpointSettings } from './exchange.js';
import { labelInJson, labelProbabilities, type Labels } from './reply.js';

export interface EndpointJudgeSettings extends EndpointSettings {
  /** As the endpoint calls it. */
  model: string;
  template: JudgeTemplate;
  /** Pairs that are asked about at once. */
  concurrency: number;
}

/** Tokens listed beside the one that is said: OpenAI gives no more. */
const LIKELIEST = 20;
/** Tokens that the label in JSON takes, white space allowed for. */
const JSON_TOKENS = 32;

/**
 * A model behind an OpenAI-compatible endpoint, as judge: asked the template's questions in both orders, by the probabilities of its
 * labels where the endpoint gives them, else by a label in JSON. Its verdicts are a token judge's, of what the endpoint says. A
 * question without an answer of use leaves its pair without a verdict.
 */
export class EndpointJudge implements Judge {
  readonly compare: Judge['compare'];
  readonly #settings: EndpointJudgeSettings;
  readonly #exchange: Exchange;
  readonly #labels: Labels;
  /** The endpoint gives no log-probabilities. */
  #inJson = false;

  /** @throws ConfigError for a template whose labels are the same word */
  constructor(settings: EndpointJudgeSettings) {
    const { a, b } = settings.template.verdicts;
    this.#labels = { a: a.trim(), b: b.trim() };
    if (this.#labels.a === this.#labels.b)
      throw new ConfigError({
        key: 'judge_template.verdicts',
        expected: 'two words, as an endpoint is asked for one of them',
        received: `${JSON.stringify(a)} and ${JSON.stringify(b)}`,
      });
    this.#settings = settings;
    this.#exchange = new Exchange(settings);
    const { compare } = judgeBy('EndpointJudge.compare', (pairs, options) => this.#compare(pairs, options));
    this.compare = compare;
  }

  /** Calls so far, further tries among them. */
  get calls(): number {
    return this.#exchange.calls;
  }

  async #compare(
    pairs: readonly JudgePair[],
    { onProgress, signal: given }: CompareOptions,
  ): Promise<Verdict[]> {
    const stop = new AbortController();
    const signal = given === undefined ? stop.signal : AbortSignal.any([given, stop.signal]);
    const verdicts: Verdict[] = [];
    let next = 0;
    let done = 0;
    const worker = async () => {
      while (next < pairs.length) {
        const index = next++;
        verdicts[index] = await this.#verdictOn(pairs[index], signal);
        onProgress?.(++done, pairs.length);
      }
    };
    try {
      const { concurrency } = this.#settings;
      await Promise.all(Array.from({ length: Math.min(concurrency, pairs.length) }, worker));
    } finally {
      stop.abort();
    }
    return verdicts;
  }

  async #verdictOn(pair: JudgePair, signal: AbortSignal): Promise<Verdict> {
    try {
      const questions = questionsOf(this.#settings.template);
      const orders = await this.#ordersOf(pair, questions, signal);
      const votes = questions.map(({ name }, i) => voteOf(name, orders[2 * i], orders[2 * i + 1]));
      return verdictOf([orders[0], orders[1]], votes);
    } catch (error) {
      if (!(error instanceof EndpointFailure)) throw error;
      return { ...NO_VERDICT, reason: error.reason, detail: error.message };
    }
  }

  /** All orders of a pair in one way: figures of two would not be of one scale. */
  async #ordersOf(
    pair: JudgePair,
    questions: readonly JudgePrinciple[],
    signal: AbortSignal,
  ): Promise<JudgedOrder[]> {
    if (!this.#inJson) {
      const orders = await this.#asked(pair, questions, false, signal);
      if (orders !== undefined) return orders;
    }
    const orders = (await this.#asked(pair, questions, true, signal))!;
    if (!this.#inJson)
      this.#settings.onNote?.('the endpoint gives no log-probabilities of its labels: it names one in JSON');
    this.#inJson = true;
    return orders;
  }

  /** @returns undefined where log-probabilities are wanted and not given */
  async #asked(
    pair: JudgePair,
    questions: readonly JudgePrinciple[],
    inJson: boolean,
    signal: AbortSignal,
  ): Promise<JudgedOrder[] | undefined> {
    const { template } = this.#settings;
    const orders: JudgedOrder[] = [];
    for (const principle of questions)
      for (const order of ORDERS) {
        const { value: question, problem } = refusable(() => questionOf(template, principle, pair, order));
        if (problem) throw new EndpointFailure('refused', problem.reason);
        const messages = messagesOf(question, this.#labels);
        const answer = await this.#exchange.ask(this.#body(messages, inJson), signal);
        if ('refused' in answer) {
          // A server that knows no log-probabilities may refuse to be asked for them.
          if (!inJson) return undefined;
          const { status, said } = answer.refused;
          throw new EndpointFailure('no-answer', `status ${status} (${said})`);
        }
        const read = inJson ? labelInJson : labelProbabilities;
        const probabilities = read(answer.json, this.#labels);
        if (probabilities === undefined) return undefined;
        orders.push({ rendered: messages.map(({ content }) => content).join('\n\n'), ...probabilities });
      }
    return orders;
  }

  #body(messages: readonly Said[], inJson: boolean): object {
    const { model } = this.#settings;
    const { a, b } = this.#labels;
    const asked = { model, messages, temperature: 0 };
    if (!inJson) return { ...asked, max_tokens: 1, logprobs: true, top_logprobs: LIKELIEST };
    const schema = {
      type: 'object',
      properties: { better: { type: 'string', enum: [a, b] } },
      required: ['better'],
      additionalProperties: false,
    };
    const format = { type: 'json_schema', json_schema: { name: 'verdict', strict: true, schema } };
    return { ...asked, max_tokens: JSON_TOKENS, response_format: format };
  }
}

interface Said {
  role: string;
  content: string;
}

/** A question to a model whose answer nobody can open: the sentence that it would go on with stands in the question. */
function messagesOf({ messages, opened }: Question, { a, b }: Labels): Said[] {
  const asked = messages.map(({ role, content }) => ({ role, content: String(content) }));
  const last = asked[asked.length - 1];
  last.content += `\n\nComplete with one of ${a} and ${b}, and nothing else:\n\n${opened}`;
  return asked;
}
