import { byteTokenizer, Tokenizer } from '@selfjudge/text';
import { promptIds, sftExampleOf } from '@selfjudge/data';
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

  it('SFT on every answer: a sequence a turn where the template shows earlier ones otherwise', () => {
    const chatTemplate =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + (m.content if loop.last else m.content[:1]) + '<|im_end|>\n' }}" +
      "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
    const rewriting = new Tokenizer({ ...tokenizer.files, chatTemplate });
    const say = (role: 'user' | 'assistant', content: string) => ({ role, content });
    const messages = [say('user', 'Hi'), say('assistant', 'Yo'), say('user', 'So'), say('assistant', 'No')];
    const all = { maxLength: 100, trainOn: 'all' } as const;
    const { examples, dropped } = prepareSft(rewriting, [{ id: '1', messages }], all);
    const rows = [2, 4].map((end) => ({ id: `${end}`, messages: messages.slice(0, end) }));
    const apart = prepareSft(rewriting, rows, { maxLength: 100 }).examples;
    expect(dropped).toEqual([]);
    expect(examples).toEqual([
      {
        id: '1',
        sequences: apart.flatMap(({ sequences }) => sequences),
        kinds: apart.flatMap(({ kinds }) => kinds),
      },
    ]);
  });

  it('rows that the template refuses are dropped by their place, and the others kept', () => {
    const chatTemplate =
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}{{ m.content }}" +
      '{% endfor %}';
    const strict = new Tokenizer({ ...tokenizer.files, chatTemplate });
    const system = [
      { role: 'system' as const, content: 'Be.' },
      { role: 'user' as const, content: 'Hi' },
    ];
    const rows = [
      { id: 'own', place: 'a.jsonl:3', prompt: system, chosen: 'a', rejected: 'b' },
      { id: 'a.jsonl:4', prompt: 'Hi', chosen: 'a', rejected: 'b' },
    ];
    const limits = { maxLength: 100, maxPromptLength: 100 };
    for (const { examples, dropped } of [
      preparePairs(strict, rows, limits),
      preparePrompts(strict, rows, limits),
      prepareSft(strict, rows.map(sftExampleOf), limits),
    ]) {
      expect(examples.map(({ id }) => id)).toEqual(['a.jsonl:4']);
      const problem = { code: 'refused', reason: expect.stringContaining('no system turn') };
      expect(dropped).toEqual([{ id: 'own', place: 'a.jsonl:3', problem }]);
    }
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
