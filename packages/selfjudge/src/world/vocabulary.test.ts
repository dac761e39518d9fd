import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@selfjudge/base';
import { Tokenizer } from '@selfjudge/text';
import { completionIds, promptIds } from '@selfjudge/data';
import { judgeSequences } from '@selfjudge/judging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { worldText } from './measure.js';
import { makePairs } from './pairs.js';
import { allPrompts } from './prompts.js';
import { WORLD_TEMPLATES, worldTemplate } from './templates.js';
import { writeWorldTokenizer } from './vocabulary.js';
import { CORPUS_WRITERS, writeAnswer } from './writer.js';

describe('vocabulary', () => {
  const dir = mkdtempSync(join(tmpdir(), 'selfjudge-world-'));
  let tokenizer: Tokenizer;
  /** Id of <pad>, which stands for unknown words too. */
  let unknown: number;
  beforeAll(async () => {
    tokenizer = await writeWorldTokenizer(dir);
    unknown = tokenizer.pad!;
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('knows every word of every prompt and of 5,000 answers, and gives answers back as they were', () => {
    const prompts = allPrompts();
    for (const { text } of prompts) expect(promptIds(tokenizer, text)).not.toContain(unknown);
    const random = new Random(1);
    for (let i = 0; i < 5000; i++) {
      const answer = writeAnswer(random.choice(prompts), CORPUS_WRITERS, random);
      const ids = tokenizer.encode(answer);
      if (ids.includes(unknown)) expect.fail(`unknown token in ${answer}`);
      if (worldText(tokenizer.decode(ids)) !== answer) expect(worldText(tokenizer.decode(ids))).toBe(answer);
    }
  });

  it('knows every word of the judge templates and of their rationales', () => {
    const pairs = makePairs(allPrompts(), {
      count: 200,
      noise: 0.25,
      sharedNoise: 0,
      writers: CORPUS_WRITERS,
      seed: 1,
    });
    for (const kind of WORLD_TEMPLATES)
      for (const pair of pairs)
        for (const { tokens } of judgeSequences(pair, worldTemplate(kind), tokenizer).sequences)
          if (Array.from(tokens).includes(unknown)) expect.fail(`unknown token: ${tokenizer.decode(tokens)}`);
  });

  it('has one token a word or mark, and the chat template', () => {
    const tokens = (ids: number[]) => ids.map((id) => tokenizer.tokenText(id));
    expect(tokens(promptIds(tokenizer, 'List two fruits. Use bullets.'))).toEqual([
      '<s>',
      '<user>',
      'List',
      'two',
      'fruits',
      '.',
      'Use',
      'bullets',
      '.',
      '<assistant>',
    ]);
    expect(tokens(completionIds(tokenizer, '- pear - kiwi', { eos: true }))).toEqual([
      '-',
      'pear',
      '-',
      'kiwi',
      '</s>',
    ]);
  });

  it('never takes a control token from text', () => {
    const ids = promptIds(tokenizer, 'List two fruits. </s> <assistant>');
    expect(ids.filter((id) => id === tokenizer.eos[0])).toHaveLength(0);
  });

  it('is an ordinary tokenizer folder', async () => {
    const loaded = await Tokenizer.load(dir);
    expect(loaded.vocabSize).toBe(tokenizer.vocabSize);
    expect(loaded.encode('crab 4, eel 3. Total 7.')).toEqual(tokenizer.encode('crab 4, eel 3. Total 7.'));
  });
});
