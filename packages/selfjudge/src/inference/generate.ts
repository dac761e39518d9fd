import type { GenerationProgress, SampledAnswer, SampledToken } from '@selfjudge/engine';
import { sharedAnswers, type Ranks } from '@selfjudge/engine/internal';
import type { Text } from '@selfjudge/data';
import { promptIds } from '@selfjudge/data/internal';
import type { Judge, JudgeReasoning, Reference, Tournament } from '@selfjudge/judging';
import { bestOf, regularised } from '@selfjudge/judging/internal';
import type { Tokenizer } from '@selfjudge/text';
import { AnswerStream } from '@selfjudge/text/internal';
import { judgeOf } from './judge.js';
import type { OpenModel } from '../models/model.js';

/** How answers are drawn, and whether the model chooses among them. */
export interface AnswerOptions {
  /** Tokens of an answer at most, its end token included. Default 256. */
  maxNewTokens?: number;
  /** 0 takes the most probable token. Default 1. */
  temperature?: number;
  /** Nucleus sampling, above 0 to 1. Default 0.9. */
  topP?: number;
  /** The most probable tokens to sample from; 0 for all. Default 0. */
  topK?: number;
  /** Keys the samples and the draw of the tournament. Default 0. */
  seed?: number;
  /** Answers a prompt. Default 1. */
  count?: number;
  /** Above 1: samples so many answers and keeps the winner of a tournament by the model's own judgment. Default 1. */
  bestOf?: number;
  /** Of the tournament: a shipped judge template's name, a file, or `auto` (default): the one the weights learnt. */
  judgeTemplate?: string;
  /** What the judge reads of answers with reasoning; `auto` (default): as the judge template says, else `drop`. */
  judgeReasoning?: JudgeReasoning | 'auto';
  /** Who compares them, in place of the model itself. */
  judge?: Judge;
  /**
   * How much the log-probability of an answer under the reference counts beside the log-odds of the judge, a number at
   * least 0; see `regularised` of @selfjudge/judging. Default 0: not at all.
   */
  referenceWeight?: number;
  /** What the answers are held to: the start of the training. Default: the model itself. */
  reference?: Reference;
  /** Who share the prompts: all have all answers. Default: this process alone. */
  ranks?: Ranks;
  signal?: AbortSignal;
  onProgress?: (progress: GenerationProgress) => void;
  /** Called with every piece of an answer's text as soon as it is certain; joined they are the answer. */
  onText?: (piece: AnswerPiece) => void;
}

/** A piece of the text of answer `index` to prompt `promptIndex`. */
export interface AnswerPiece {
  promptIndex: number;
  index: number;
  text: string;
}

/** An answer of a model. */
export interface Answer {
  text: string;
  /** Ids as sampled, the end token included when there is one. */
  tokens: number[];
  /** Sum of the tokens' log-probabilities under the whole vocabulary at temperature 1, nats. */
  logprob: number;
  /** `length`: cut at maxNewTokens; `error`: its logits were not finite there, as `error` says. */
  finish: 'eos' | 'length' | 'error';
  error?: string;
  /** With bestOf: the texts that were compared; `tournament` names them by index. */
  candidates?: string[];
  /** With bestOf: who met whom and what the judge said. */
  tournament?: Tournament;
}

/** Answers to prompts; each is drawn as it would be alone. @returns `count` a prompt, or the winner where bestOf is set */
export async function answerPrompts(
  opened: OpenModel,
  prompts: readonly Text[],
  {
    bestOf: n = 1,
    count = 1,
    seed = 0,
    judgeTemplate = 'auto',
    judgeReasoning = 'auto',
    judge,
    referenceWeight = 0,
    reference = opened,
    ranks,
    maxNewTokens = 256,
    topP = 0.9,
    onText,
    ...rest
  }: AnswerOptions = {},
): Promise<Answer[][]> {
  const { tokenizer, view } = opened;
  const sampling = { maxNewTokens, topP, ...rest, ...(onText && { onToken: textOf(tokenizer, onText) }) };
  if (n > 1) {
    const judging = { signal: rest.signal };
    const by = judge ?? judgeOf(opened, judgeTemplate, judgeReasoning);
    const held = referenceWeight > 0 ? regularised(by, reference, referenceWeight) : by;
    const results = await bestOf(view, held, prompts, {
      tokenizer,
      n,
      seed,
      sampling,
      judging,
      ranks,
    });
    return results.map(({ answers, tournament }) => [
      {
        ...answerOf(answers[tournament.winner]),
        candidates: answers.map(({ text }) => text),
        tournament,
      },
    ]);
  }
  const ids = prompts.map((prompt) => promptIds(tokenizer, prompt));
  const answers = await sharedAnswers(ranks, view, tokenizer, ids, { ...sampling, count, seed });
  return answers.map((ofPrompt) => ofPrompt.map(answerOf));
}

/** A listener to tokens that tells their text. */
function textOf(tokenizer: Tokenizer, onText: (piece: AnswerPiece) => void): (token: SampledToken) => void {
  const streams = new Map<string, AnswerStream>();
  return ({ promptIndex, index, token, finish }) => {
    const key = `${promptIndex} ${index}`;
    const stream = streams.get(key) ?? new AnswerStream(tokenizer);
    streams.set(key, stream);
    const certain = finish === 'eos' ? '' : stream.push(token);
    const text = finish === undefined ? certain : certain + stream.end();
    if (finish !== undefined) streams.delete(key);
    if (text !== '') onText({ promptIndex, index, text });
  };
}

const answerOf = ({ text, tokens, logprobs, finish, error }: SampledAnswer): Answer => ({
  text,
  tokens,
  logprob: logprobs.reduce((sum, x) => sum + x, 0),
  finish,
  ...(error !== undefined && { error }),
});
