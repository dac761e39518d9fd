import type { Tokenizer } from '@selfjudge/text';
import {
  check,
  limit,
  list,
  object,
  oneOf,
  optional,
  options as optionsOf,
  text,
} from '@selfjudge/base/checks';
import { messages, prompt as isPrompt, tokenizer as isTokenizer } from '@selfjudge/text/checks';
import {
  preferenceSequences,
  promptIds,
  sftSequence,
  type PreferencePair,
  type Problem,
  type PromptRow,
  type SftExample,
  type TokenisedExample,
} from '@selfjudge/data';
import type { TokenizedPrompt } from './contest.js';
import type { Answer, TokenPair } from './preferenceUpdate.js';
import { sftExample, type SupervisedExample } from './supervised.js';

/** Rows made ready for training, and what that cost: nothing is left out or shortened without being counted. */
export interface Prepared<T> {
  examples: T[];
  /** Rows left out. */
  dropped: { id: string; problem: Problem }[];
  /** Answers shortened to fit; they have no end token. */
  cut: number;
}

const sftArguments = {
  tokenizer: isTokenizer,
  rows: list(object({ id: text, messages })),
  options: optionsOf({ maxLength: limit, trainOn: optional(oneOf('last', 'all')) }),
};
const pairArguments = {
  tokenizer: isTokenizer,
  rows: list(object({ id: text, prompt: isPrompt, chosen: text, rejected: text })),
  options: optionsOf({ maxLength: limit }),
};
const promptArguments = {
  tokenizer: isTokenizer,
  rows: list(object({ id: text, prompt: isPrompt })),
  options: optionsOf({ maxPromptLength: limit }),
};

/** @param options.trainOn the last assistant turn, or all of them */
export function prepareSft(
  tokenizer: Tokenizer,
  rows: readonly SftExample[],
  options: { maxLength: number; trainOn?: 'last' | 'all' },
): Prepared<SupervisedExample> {
  check('prepareSft', { tokenizer, rows, options }, sftArguments);
  const out: Prepared<SupervisedExample> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value, problem } = sftSequence(tokenizer, row, options);
    if (problem) out.dropped.push({ id: row.id, problem });
    else {
      out.examples.push(sftExample(value.sequence, row.id));
      if (value.cut > 0) out.cut++;
    }
  }
  return out;
}

/** Pairs whose two sides are the same tokens teach nothing and are dropped. */
export function preparePairs(
  tokenizer: Tokenizer,
  rows: readonly PreferencePair[],
  options: { maxLength: number },
): Prepared<TokenPair> {
  check('preparePairs', { tokenizer, rows, options }, pairArguments);
  const out: Prepared<TokenPair> = { examples: [], dropped: [], cut: 0 };
  for (const row of rows) {
    const { value, problem } = preferenceSequences(tokenizer, row, options);
    if (problem) {
      out.dropped.push({ id: row.id, problem });
      continue;
    }
    const [chosen, rejected] = [answerOf(value.chosen), answerOf(value.rejected)];
    if (sameTokens(chosen.tokens, rejected.tokens)) {
      const reason = `both answers are the same ${chosen.tokens.length} tokens`;
      out.dropped.push({ id: row.id, problem: { code: 'equal-answers', reason } });
      continue;
    }
    const { tokens, targets } = value.chosen.sequence;
    const prompt = Array.from(tokens).slice(0, targets![0][0]);
    out.examples.push({ id: row.id, prompt, chosen, rejected });
    out.cut += Number(value.chosen.cut > 0) + Number(value.rejected.cut > 0);
  }
  return out;
}

/** @param options.maxPromptLength prompts of more tokens are dropped */
export function preparePrompts(
  tokenizer: Tokenizer,
  rows: readonly PromptRow[],
  options: { maxPromptLength: number },
): Prepared<TokenizedPrompt> {
  check('preparePrompts', { tokenizer, rows, options }, promptArguments);
  const { maxPromptLength } = options;
  const out: Prepared<TokenizedPrompt> = { examples: [], dropped: [], cut: 0 };
  for (const { id, prompt } of rows) {
    const tokens = promptIds(tokenizer, prompt);
    if (tokens.length <= maxPromptLength) out.examples.push({ id, text: prompt, tokens });
    else {
      const reason = `the prompt has ${tokens.length} tokens, the limit is ${maxPromptLength}`;
      out.dropped.push({ id, problem: { code: 'prompt-too-long', reason } });
    }
  }
  return out;
}

function answerOf({ sequence: { tokens, targets } }: TokenisedExample): Answer {
  const [start, end] = targets![0];
  return { tokens: Array.from(tokens).slice(start, end) };
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((token, i) => token === b[i]);
}
