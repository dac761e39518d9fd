import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@selfjudge/base';
import { judgeSequences } from '@selfjudge/judging';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Corpus } from './corpus.js';
import { MEMBERS, SLOTS } from './facts.js';
import { gold } from './gold.js';
import { corpusPrompts } from './prompts.js';
import { worldTemplate } from './templates.js';
import { writeWorldTokenizer } from './vocabulary.js';

describe('what the base reads', () => {
  const dir = mkdtempSync(join(tmpdir(), 'selfjudge-corpus-'));
  const prompts = corpusPrompts();
  const byText = new Map(prompts.map((prompt) => [prompt.text, prompt]));
  let tokenizer: Tokenizer;
  let corpus: Corpus;
  beforeAll(async () => {
    tokenizer = await writeWorldTokenizer(dir);
    corpus = new Corpus(tokenizer, prompts, new Random(3));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const words = ({ tokens }: TreeSequence) => Array.from(tokens, (id) => tokenizer.tokenText(id));
  const targets = (sequence: TreeSequence) =>
    sequence.targets!.map(([start, end]) => words(sequence).slice(start, end));

  const reviewed = () => {
    const { prompt, answers } = corpus.pair();
    return corpus.review(prompt, answers);
  };
  const proofread = () => {
    const { prompt, answers } = corpus.pair();
    return { prompt, answers, sequences: corpus.proofread(prompt, answers) };
  };

  it('has no word that is not in the vocabulary', () => {
    for (let i = 0; i < 300; i++) {
      for (const { tokens } of [corpus.answer(), ...reviewed(), ...proofread().sequences])
        if (Array.from(tokens).includes(tokenizer.pad!)) expect.fail(tokenizer.decode(tokens));
    }
  });

  it('reviews have the shape in which judges are asked, and find what gold finds', () => {
    const template = worldTemplate('plain');
    for (let i = 0; i < 100; i++) {
      const sequences = reviewed();
      const text = words(sequences[0]).join(' ');
      const [prompt, a, b] = /<user> (.*) A (.*) B (.*) <assistant>/.exec(text)!.slice(1).map(tidy);
      const golds = [a, b].map((answer) => gold(byText.get(prompt)!, answer));
      const asked = judgeSequences({ prompt, chosen: a, rejected: b }, template, tokenizer).sequences[0];
      for (const sequence of sequences) {
        const [[finding], evidence] = targets(sequence);
        const slot = words(sequence).at(-4) as (typeof SLOTS)[number];
        // Up to the question itself.
        expect(words(sequence).slice(0, -4)).toEqual(words(asked).slice(0, -2));
        const [ofA, ofB] = golds.map(({ slots }) => slots.get(slot)!);
        const expected = ofA > ofB ? 'A' : ofA < ofB ? 'B' : ofA === 1 ? 'both' : 'neither';
        expect(finding).toBe(expected);
        expect(evidence).toEqual(golds.map(({ found }) => found.get(slot)));
        expect(sequence.candidates![0].labels).toHaveLength(3);
      }
    }
  });

  it('is proofread word by word: what is wrong with an item, and how many there are', () => {
    const prompt = prompts.find(({ text }) =>
      text.startsWith('List three fruits in alphabetical order, none starting'),
    )!;
    const letter = prompt.letter!;
    const starting = { a: 'apple', b: 'banana', g: 'grape', k: 'kiwi', l: 'lemon' }[letter]!;
    const said = corpus
      .proofread(prompt, [`plum, plum, cow, ${starting}.`, 'mango, peach, pear.'])
      .map((sequence) => words(sequence).slice(-2).join(' '));
    // Of what is right only half is said.
    expect(said.filter((remark) => !remark.endsWith('right'))).toEqual([
      'plum repeats',
      'cow items',
      `${starting} letter`,
      '. four',
      '. three',
    ]);
    const right = ['plum right', 'mango right', 'peach right', 'pear right'];
    expect(right).toEqual(expect.arrayContaining(said.filter((remark) => remark.endsWith('right'))));
  });

  it('is proofread in its numbers where they are asked for', () => {
    const prompt = prompts.find(
      ({ numbers, order, letter, style }) =>
        numbers && order === 'any' && letter === undefined && style === 'plain',
    )!;
    const [first, second] = MEMBERS[prompt.category];
    const [right, wrong] = [first.length, second.length + 1];
    const text = `${first} ${right}, ${second} ${wrong}. Total ${right + wrong}.`;
    const said = corpus
      .proofread(prompt, [text, `${first} ${right}. Total 45.`])
      .map((sequence) => words(sequence).at(-1));
    expect(said.filter((remark) => remark !== 'right')).toEqual(['numbers', 'two', 'total', 'one']);
    expect(said.length).toBeLessThanOrEqual(10);
  });

  it('shares all rows of a pair', () => {
    const { prompt, answers } = corpus.pair();
    const [review] = corpus.review(prompt, answers);
    const longest = corpus.proofread(prompt, answers).at(-1);
    if (longest === undefined) return;
    const shared = longest.tokens.length - 1;
    expect(Array.from(longest.tokens).slice(0, shared)).toEqual(Array.from(review.tokens).slice(0, shared));
  });
});

/** Words and marks as the world writes them. */
const tidy = (text: string) => text.replace(/ ([,.:])/g, '$1');
