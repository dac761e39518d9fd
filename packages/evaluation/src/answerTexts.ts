import { mean } from '@selfjudge/base/internal';
import type { Estimate } from './estimate.js';
import { share } from './verdictSummary.js';

/** What answers look like, whoever judges them: what a win rate alone does not show. */
export interface AnswerTexts {
  answers: number;
  /** Means over the answers. Words are runs of letters and digits. */
  characters: number;
  words: number;
  /** Of all n-grams of words of all answers, the share that are different ones (Li et al., arXiv 1510.03055); falls with more answers. */
  distinct1: number;
  distinct2: number;
  /** Mean over answers of the share of their 4-grams of words that stood in them before. */
  repetition: number;
  /** Answers that begin by declining, by English phrases. */
  refusals: Estimate;
  empty: Estimate;
}

const REPEATED = 4;
/** Where a refusal stands: later on the words may be about anything. */
const BEGINNING = 160;
const REFUSAL =
  /\b(i['’]?m sorry|i am sorry|i apologi[sz]e|i (can['’]?t|cannot|can not|won['’]?t|will not|am (not able|unable)|['’]?m (not able|unable)) (to )?(help|assist|provide|answer|do|comply|fulfil|create|write|give|support|engage)|as an ai\b|against my (guidelines|programming)|not (able|comfortable) (to|with))/i;

export function answerTexts(answers: readonly string[]): AnswerTexts {
  const words = answers.map((answer) => answer.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  return {
    answers: answers.length,
    characters: mean(answers.map(({ length }) => length)),
    words: mean(words.map(({ length }) => length)),
    distinct1: distinct(words, 1),
    distinct2: distinct(words, 2),
    repetition: mean(words.map(repeated)),
    refusals: share(answers.map((answer) => Number(REFUSAL.test(answer.slice(0, BEGINNING))))),
    empty: share(answers.map((answer) => Number(answer.trim() === ''))),
  };
}

const gramsOf = (words: readonly string[], n: number): string[] =>
  Array.from({ length: Math.max(0, words.length - n + 1) }, (_, i) => words.slice(i, i + n).join(' '));

function distinct(all: readonly string[][], n: number): number {
  const grams = all.flatMap((words) => gramsOf(words, n));
  return new Set(grams).size / grams.length;
}

function repeated(words: readonly string[]): number {
  const grams = gramsOf(words, REPEATED);
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
}
