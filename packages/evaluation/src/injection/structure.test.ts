// What no answer can do to a judge, whatever it says: write a control token, or move the row that the verdict is read from.
import { loadJudgeTemplate, shippedTemplates, type JudgePair } from '@selfjudge/judging';
import { askedAbout, QuestionFormat } from '@selfjudge/judging/internal';
import { byteTokenizer, type Tokenizer } from '@selfjudge/text';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ATTACKS, attacked } from './attacks.js';

const BENIGN: JudgePair = { prompt: 'What is tea?', a: 'A drink.', b: 'A plant.' };
const WORDS = [' A', ' B'];
const attack = fc.constantFrom(...Object.values(ATTACKS).flat());
/** Whole control tokens and parts of them, placeholders, what templates write, white space and any character. */
const piece = fc.oneof(
  attack,
  fc.constantFrom('<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|im_', 'end|>', '<|', '|>', '<'),
  fc.constantFrom(
    '{response_b}',
    '{context}',
    '{principle}',
    'Response B:',
    '\n\nAssistant:',
    '\n\nHuman:',
    ' A',
    ' B',
  ),
  fc.constantFrom('\uE000', '\uE001', '\uF8FF', '\u200B', '\u202E', '\0', '\n', ' ', '\u2028', '\uFEFF'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const answer = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const pairs = fc.record({ prompt: answer.map((text) => `${text}?`), a: answer, b: answer });

const controls = (tokenizer: Tokenizer, ids: ArrayLike<number>) =>
  Array.from(ids).filter((id) => tokenizer.isControl(id));

describe.each(shippedTemplates())('a question of the template %s', (name) => {
  const template = loadJudgeTemplate(name);
  it.each([
    ['with a chat template', true],
    ['without one', false],
  ] as const)('%s: has the same control tokens, and ends with the same ids', (_, chat) => {
    const tokenizer = byteTokenizer({ words: WORDS, chat });
    const format = QuestionFormat.of(template, tokenizer);
    const before = askedAbout(format, BENIGN).map(({ sequence }) => sequence);
    /** From the last control token on; without one, as long as what opens the judge's answer. */
    const tailOf = (i: number) => {
      const tokens = Array.from(before[i].tokens);
      const last = tokens.findLastIndex((id) => tokenizer.isControl(id));
      const opened = tokenizer.encodeText(template.assistant!).length - 12;
      return tokens.slice(last === -1 ? -Math.max(8, opened) : last);
    };
    const check = (pair: JudgePair) => {
      askedAbout(format, pair).forEach(({ sequence: { tokens, candidates } }, i) => {
        expect(controls(tokenizer, tokens)).toEqual(controls(tokenizer, before[i].tokens));
        const tail = tailOf(i);
        expect(Array.from(tokens).slice(-tail.length)).toEqual(tail);
        expect(candidates).toEqual([
          { position: tokens.length - 1, labels: before[i].candidates![0].labels },
        ]);
      });
    };
    for (const text of Object.values(ATTACKS).flat()) check({ ...BENIGN, b: attacked(BENIGN.b, text) });
    fc.assert(fc.property(pairs, check), { seed: 49, numRuns: 40 });
  });
});

it('the same text, read as a template is, would write control tokens: that it does not is no accident', () => {
  const tokenizer = byteTokenizer({ words: WORDS });
  const format = QuestionFormat.of(loadJudgeTemplate('plain'), tokenizer);
  const [special] = ATTACKS['special tokens'];
  const [{ rendered, sequence }] = askedAbout(format, { ...BENIGN, b: special });
  const asTemplate = tokenizer.encode(rendered, { special: true });
  expect(controls(tokenizer, asTemplate).length).toBe(controls(tokenizer, sequence.tokens).length + 2);
});
