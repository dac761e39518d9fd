import { byteTokenizer } from '@selfjudge/text';
import { promptIds } from '@selfjudge/data';
import { describe, expect, it } from 'vitest';
import { preparePairs, preparePrompts, prepareSft } from './prepare.js';

const tokenizer = byteTokenizer();
const end = tokenizer.turnEnd;

describe('prepare', () => {
  it('pairs: one prompt, end tokens, equal and overlong ones dropped and counted', () => {
    const pair = (id: string, prompt: string, chosen: string, rejected: string) => ({
      id,
      prompt,
      chosen,
      rejected,
    });
    const limit = { maxLength: promptIds(tokenizer, 'Hi').length + 8 };
    const { examples, dropped, cut } = preparePairs(
      tokenizer,
      [
        pair('1', 'Hi', 'one', 'two'),
        pair('2', 'Hi', 'ab', 'ab'),
        pair('3', 'A much longer prompt', 'a', 'b'),
        pair('4', 'Hi', 'a long answer', 'b'),
      ],
      limit,
    );
    expect(examples.map((e) => e.id)).toEqual(['1', '4']);
    expect(examples[0].prompt).toEqual(promptIds(tokenizer, 'Hi'));
    expect(examples[0].chosen.tokens.slice(-end.length)).toEqual(end);
    expect(dropped.map((d) => [d.id, d.problem.code])).toEqual([
      ['2', 'equal-answers'],
      ['3', 'prompt-too-long'],
    ]);
    expect(cut).toBe(1);
    expect(examples[1].chosen.tokens).not.toContain(end[0]);
  });

  it('SFT: the answer and its end are labels, nothing else', () => {
    const messages = [
      { role: 'user' as const, content: 'Hi' },
      { role: 'assistant' as const, content: 'Yo' },
    ];
    const { examples } = prepareSft(tokenizer, [{ id: '1', messages }], { maxLength: 100 });
    const { tokens, targets } = examples[0].sequences[0];
    expect(targets).toEqual([[promptIds(tokenizer, 'Hi').length, tokens.length]]);
    expect(Array.from(tokens).slice(-end.length)).toEqual(end);
    expect(examples[0].kinds).toEqual([['sft']]);
  });

  it('prompts over the limit are counted', () => {
    const { examples, dropped } = preparePrompts(
      tokenizer,
      [
        { id: '1', prompt: 'Hi' },
        { id: '2', prompt: 'x'.repeat(100) },
      ],
      { maxPromptLength: 50 },
    );
    expect(examples.map((e) => e.id)).toEqual(['1']);
    expect(dropped[0].problem.reason).toMatch(/the limit is 50/);
  });
});
