import { ArgumentError } from '@selfjudge/base';
import type { ModelView } from '../model/view.js';

/** How a token is drawn: temperature, then top-k, top-p and min-p, in this order. */
export interface SamplingOptions {
  /** Tokens of one answer at most, the end token included. */
  maxNewTokens: number;
  /** 0 takes the most likely token. Default 1. */
  temperature?: number;
  /** Keep the smallest set of likeliest tokens whose probability reaches topP, above 0. Default 1: off. */
  topP?: number;
  /** Keep the k likeliest tokens, of equally likely ones those of lower ids. Default 0: off. */
  topK?: number;
  /** Keep tokens of at least minP times the highest probability. Default 0: off. */
  minP?: number;
  /**
   * Ids from 0 to this, exclusive, can be drawn. Default: those of the model's tokenizer; rows of the table past them are
   * padding. Log-probabilities stay under all rows.
   */
  vocabSize?: number;
  /** Default 0. */
  seed?: bigint | number;
}

export interface GenerationProgress {
  /** Finished answers. */
  done: number;
  total: number;
  /** Tokens sampled so far, in all answers. */
  tokens: number;
}

/** A token of an answer, as it is read from the device. */
export interface SampledToken {
  /** Index of the prompt as given, and of the answer to it. */
  promptIndex: number;
  index: number;
  token: number;
  /** Of the last token of an answer; `eos`: it is the end token. */
  finish?: 'eos' | 'length';
}

export interface GenerateOptions extends SamplingOptions {
  /** Answers a prompt. Default 1. */
  count?: number;
  /** Ids that end an answer. Default: those of the model's config and of its tokenizer. */
  eos?: readonly number[];
  /** Answers in work at once, 1 to 128. Results do not depend on it. Default 64. */
  maxBatch?: number;
  /**
   * Keys and values held at once, in tokens; bounds the memory, not the results. Default: what `maxBatch` of the
   * longest answers may need.
   */
  poolTokens?: number;
  /** Number of the first answer; answer i of prompt p is number firstSequence + p * count + i. Default 0. */
  firstSequence?: number;
  /** The same of each prompt, in place of `firstSequence`: answer i of prompt p is number firstSequences[p] + i. */
  firstSequences?: readonly number[];
  /**
   * Whether samples say of each token its log-probability under the distribution it was drawn from, after
   * temperature and filters. Default false: a step then reads one tensor less.
   */
  samplingLogprobs?: boolean;
  /** Called with every token, those of one answer in their order. */
  onToken?: (token: SampledToken) => void;
  /** Called after every step. */
  onProgress?: (progress: GenerationProgress) => void;
  /** Ends the work after the step under way; `generate` rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Rows of logits that one call of linearSample takes. */
export const MAX_BATCH = 128;

/** Checks what the ops cannot: counts, ids, and that every prompt and its answers fit the model's context. */
export function checkRequest(
  view: ModelView,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
): void {
  const {
    maxNewTokens,
    count = 1,
    maxBatch = 64,
    poolTokens,
    firstSequence = 0,
    firstSequences,
    eos = [],
    vocabSize: ids,
  } = options;
  const { maxPositions, vocabSize } = view.model.config;
  whole('maxNewTokens', maxNewTokens, 1, maxPositions);
  whole('count', count, 1, 2 ** 31 - 1);
  whole('maxBatch', maxBatch, 1, MAX_BATCH);
  whole('firstSequence', firstSequence, 0, 2 ** 31 - 1 - prompts.length * count);
  if (poolTokens !== undefined) whole('poolTokens', poolTokens, 1, Number.MAX_SAFE_INTEGER);
  if (ids !== undefined) whole('vocabSize', ids, 1, vocabSize);
  eos.forEach((id, i) => whole(`eos[${i}]`, id, 0, vocabSize - 1));
  prompts.forEach((prompt, i) => {
    const room = maxPositions - maxNewTokens;
    if (prompt.length < 1 || prompt.length > room) {
      throw wrong(
        `prompts[${i}]`,
        `1 to ${room} tokens (a context of ${maxPositions} less maxNewTokens ${maxNewTokens})`,
        `${prompt.length} tokens`,
      );
    }
    for (let p = 0; p < prompt.length; p++) whole(`prompts[${i}][${p}]`, prompt[p], 0, vocabSize - 1);
  });
  if (firstSequences !== undefined && firstSequences.length !== prompts.length)
    throw wrong('firstSequences', `${prompts.length} numbers, one a prompt`, firstSequences.length);
  firstSequences?.forEach((first, p) => whole(`firstSequences[${p}]`, first, 0, 2 ** 31 - 1 - count));
}

/** The ids that end an answer when the caller names none. */
export function defaultEos({ model }: ModelView): number[] {
  return [...new Set([...model.config.eosTokenIds, ...(model.tokenizer?.eos ?? [])])];
}

/** The ids that can be drawn when the caller does not say. */
export function defaultVocabSize({ model }: ModelView): number {
  return Math.min(model.tokenizer?.vocabSize ?? model.config.vocabSize, model.config.vocabSize);
}

function whole(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw wrong(what, `a whole number from ${least} to ${most}`, value);
}

function wrong(what: string, expected: string, received: unknown): ArgumentError {
  return new ArgumentError(what, { where: 'generate', expected, received });
}
