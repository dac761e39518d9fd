import type { Outcome, Problem, PromptFormat, Row, Text } from '@selfjudge/data';
import {
  promptOfExample,
  refusable,
  sftExampleOf,
  toAnswerPair,
  toPreferencePair,
  toPromptRow,
  toSftExample,
} from '@selfjudge/data/internal';
import type { JudgeTemplate } from '@selfjudge/judging';
import { askedAbout, QuestionFormat } from '@selfjudge/judging/internal';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import type { Prepared, RewardPair, SupervisedExample, TokenPair } from '@selfjudge/training';
import {
  prepareJudge,
  preparePairs,
  preparePrompts,
  prepareReward,
  prepareSft,
} from '@selfjudge/training/internal';

/** The verbs whose reading of rows can be looked at. */
export type ReadAs = 'sft' | 'jsft' | 'dpo' | 'reward' | 'self-train' | 'judge';

/** What a token is to its verb: read, or a label of a kind. */
export type TokenKind = 'prompt' | 'trained' | 'verdict' | 'rationale' | 'reward';

/** A sequence of a row, exactly as the verb computes it. */
export interface InspectedSequence {
  /** What it is of the row, such as `chosen`. */
  name: string;
  tokens: number[];
  /** One a token. */
  kinds: TokenKind[];
  /** The verdicts that are compared behind the last token, of a question to the judge. */
  verdicts?: number[];
}

/** What becomes of a row: examples of a name, or why it is left out. A row may be of use for one thing and not for another. */
export interface InspectedPart {
  what: string;
  sequences: InspectedSequence[];
  /** Answers shortened to fit; they have no end token. */
  cut: number;
  problem?: Problem;
}

export interface RowReader {
  tokenizer: Tokenizer;
  template: JudgeTemplate;
  /** Within what the model takes. */
  maxLength: number;
  maxPromptLength: number;
  maxPositions: number;
  trainOn: 'last' | 'all';
  /** What a string prompt is. */
  promptFormat: PromptFormat;
}

export interface InspectedRow {
  /** Absent where the row's columns are not the verb's. */
  prompt?: Text;
  parts: InspectedPart[];
}

const ORDERS = ['first order', 'second order'];

/** The examples of one row, made by the functions that the verb makes them with. */
export function inspectRow(as: ReadAs, row: Row, id: string, reader: RowReader): InspectedRow {
  const { tokenizer, template, maxPositions } = reader;
  const of = <T>(outcome: Outcome<T>, prompt: (value: T) => Text, parts: (value: T) => InspectedPart[]) =>
    outcome.problem
      ? { parts: [{ what: WHAT[as], sequences: [], cut: 0, problem: outcome.problem }] }
      : { prompt: prompt(outcome.value), parts: parts(outcome.value) };
  switch (as) {
    case 'sft':
      return of(toSftExample(row, id, reader), promptOfExample, (example) => [
        supervised(WHAT.sft, prepareSft(tokenizer, [example], reader), () => 'answer'),
      ]);
    case 'jsft':
      return of(
        toPreferencePair(row, id, reader),
        ({ prompt }) => prompt,
        (pair) => [
          supervised('answer example', prepareSft(tokenizer, [sftExampleOf(pair)], reader), () => 'answer'),
          supervised('judge example', prepareJudge(tokenizer, [pair], template, reader), judged),
        ],
      );
    case 'dpo':
      return of(
        toPreferencePair(row, id, reader),
        ({ prompt }) => prompt,
        (pair) => [partOf(WHAT.dpo, preparePairs(tokenizer, [pair], reader), sidesOf)],
      );
    case 'reward':
      return of(
        toPreferencePair(row, id, reader),
        ({ prompt }) => prompt,
        (pair) => [partOf(WHAT.reward, prepareReward(tokenizer, [pair], reader), rewardedOf)],
      );
    case 'self-train':
      return of(
        toPromptRow(row, id, reader),
        ({ prompt }) => prompt,
        (asked) => [
          partOf(WHAT['self-train'], preparePrompts(tokenizer, [asked], reader), ({ tokens }) => [
            { name: 'prompt', tokens, kinds: tokens.map(() => 'prompt') },
          ]),
        ],
      );
    case 'judge':
      return of(
        toAnswerPair(row, reader),
        ({ prompt }) => prompt,
        ({ prompt, completions: [a, b] }) => {
          const { value: asked, problem: refused } = refusable(() =>
            askedAbout(QuestionFormat.of(template, tokenizer), { prompt, a, b }),
          );
          if (refused) return [{ what: WHAT.judge, sequences: [], cut: 0, problem: refused }];
          const sequences = asked.map(({ sequence }, i) => questionOf(sequence, judged(i)));
          const longest = Math.max(...sequences.map(({ tokens }) => tokens.length));
          if (longest <= maxPositions) return [{ what: WHAT.judge, sequences, cut: 0 }];
          const reason = `the judge's prompt is longer than the model's limit of ${maxPositions} tokens`;
          const problem: Problem = { code: 'prompt-too-long', reason };
          return [{ what: WHAT.judge, sequences: [], cut: 0, problem }];
        },
      );
  }
}

/** What a usable row is to a verb. */
export const WHAT: Record<ReadAs, string> = {
  sft: 'example',
  jsft: 'pair',
  dpo: 'pair',
  reward: 'pair',
  'self-train': 'prompt',
  judge: 'question',
};

/** Name of sequence i of a judge example: both orders of every question. */
const judged = (i: number): string =>
  i < ORDERS.length ? ORDERS[i] : `question ${(i >> 1) + 1}, ${ORDERS[i % 2]}`;

function supervised(
  what: string,
  prepared: Prepared<SupervisedExample>,
  name: (index: number) => string,
): InspectedPart {
  return partOf(what, prepared, ({ sequences, kinds }) =>
    sequences.map(({ tokens, targets = [] }, s) => {
      const masks: TokenKind[] = Array.from(tokens, () => 'prompt');
      targets.forEach(([start, end], t) => {
        const kind = kinds[s][t];
        masks.fill(kind === 'sft' ? 'trained' : kind, start, end);
      });
      return { name: name(s), tokens: Array.from(tokens), kinds: masks };
    }),
  );
}

const sidesOf = ({ prompt, chosen, rejected }: TokenPair): InspectedSequence[] =>
  Object.entries({ chosen, rejected }).map(([name, { tokens }]) => ({
    name,
    tokens: [...prompt, ...tokens],
    kinds: [...prompt.map(() => 'prompt' as const), ...tokens.map(() => 'trained' as const)],
  }));

/** Both sides whole; the reward is that of the last token. */
const rewardedOf = ({ chosen, rejected }: RewardPair): InspectedSequence[] =>
  Object.entries({ chosen, rejected }).map(([name, tokens]) => ({
    name,
    tokens: [...tokens],
    kinds: tokens.map((_, i) => (i === tokens.length - 1 ? 'reward' : 'prompt')),
  }));

function questionOf({ tokens, candidates }: TreeSequence, name: string): InspectedSequence {
  const ids = Array.from(tokens);
  return {
    name,
    tokens: ids,
    kinds: ids.map(() => 'prompt'),
    verdicts: candidates?.flatMap(({ labels }) => labels),
  };
}

/** @param prepared of one row */
function partOf<T>(
  what: string,
  { examples, dropped, cut }: Prepared<T>,
  sequences: (example: T) => InspectedSequence[],
): InspectedPart {
  const [problem] = dropped.map((one) => one.problem);
  return { what, sequences: examples.flatMap(sequences), cut, ...(problem && { problem }) };
}
