import { show } from '@selfjudge/base';
import type { OrderProbabilities } from '@selfjudge/judging/internal';
import { z } from 'zod';
import { EndpointFailure } from './failure.js';

/** What the two answers are called. */
export interface Labels {
  a: string;
  b: string;
}

const token = z.object({ token: z.string(), logprob: z.number() });
const position = token.extend({ top_logprobs: z.array(token).optional() });
const choice = z.object({
  message: z.object({ content: z.string().nullish() }).optional(),
  logprobs: z.object({ content: z.array(position).nullish() }).nullish(),
});
const reply = z.object({ choices: z.array(choice).min(1) });

/** Above which probabilities do not add up to at most 1, rounding allowed for. */
const MOST = 1.01;

/**
 * The probabilities of the labels in the first token of an answer: those among its likeliest, with white space around them or
 * without.
 * @returns undefined where the endpoint gives no log-probabilities
 * @throws EndpointFailure for an answer that is none
 */
export function labelProbabilities(json: unknown, labels: Labels): OrderProbabilities | undefined {
  const first = choiceIn(json).logprobs?.content?.[0];
  if (first === undefined) return undefined;
  const { top_logprobs: others = [], ...own } = first;
  const said = new Map([own, ...others].map(({ token: text, logprob }) => [text, Math.exp(logprob)]));
  const sum = [...said.values()].reduce((total, p) => total + p, 0);
  if (!(sum <= MOST)) throw wrong('log-probabilities of at most 1 in all', `probabilities of ${sum}`);
  const of = (label: string) =>
    [...said].reduce((total, [text, p]) => (text.trim() === label ? total + p : total), 0);
  return { pA: of(labels.a), pB: of(labels.b) };
}

/** The label that an answer in JSON names, as a certain one. @throws EndpointFailure for an answer that is none */
export function labelInJson(json: unknown, labels: Labels): OrderProbabilities {
  const content = choiceIn(json).message?.content ?? '';
  let better: unknown;
  try {
    ({ better } = z.object({ better: z.string() }).parse(JSON.parse(content)));
  } catch {
    throw wrong(`{"better": "${labels.a}"} or {"better": "${labels.b}"}`, content.slice(0, 60));
  }
  if (better !== labels.a && better !== labels.b)
    throw wrong(`better to be ${labels.a} or ${labels.b}`, better);
  return better === labels.a ? { pA: 1, pB: 0 } : { pA: 0, pB: 1 };
}

function choiceIn(json: unknown): z.output<typeof choice> {
  const read = reply.safeParse(json);
  if (read.success) return read.data.choices[0];
  const [{ path, message }] = read.error.issues;
  throw wrong('a chat completion', `${path.join('.')}: ${message}`);
}

const wrong = (expected: string, received: unknown): EndpointFailure =>
  new EndpointFailure('no-label', `expected ${expected}, received ${show(received)}`);
