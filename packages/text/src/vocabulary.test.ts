import { expect, it } from 'vitest';

import { byteTokenizer } from './byteTokenizer.js';
import { checkVocabulary, singleToken } from './vocabulary.js';
import { appendText, sliceRendered } from './rendered.js';

const tokenizer = byteTokenizer({ words: [' A', ' B', 'is'] });
const open = tokenizer.renderChat([{ role: 'user', content: 'Which?' }], { prefill: 'The better one is' });

it('finds the one token of a verdict', () => {
  const a = singleToken(tokenizer, open, ' A');
  expect(tokenizer.tokenText(a)).toBe(' A');
  expect([...tokenizer.encodeRendered(open), a]).toEqual(tokenizer.encodeRendered(appendText(open, ' A')));
});

it('refuses verdicts of more or no tokens, and ones that change what stands before, by name', () => {
  expect(() => singleToken(tokenizer, open, ' C')).toThrow(/verdict " C".*2 tokens: " " \(32\), "C" \(67\)/);
  expect(() => singleToken(tokenizer, open, '')).toThrow(/none/);
  const cut = tokenizer.renderChat([{ role: 'user', content: 'Which?' }], { prefill: 'It i' });
  expect(() => singleToken(tokenizer, cut, 's')).toThrow(/in place of "i"/);
});

it('checks the vocabulary against the embedding table', () => {
  expect(() => checkVocabulary(tokenizer, tokenizer.vocabSize)).not.toThrow();
  expect(() => checkVocabulary(tokenizer, 300)).not.toThrow();
  expect(() => checkVocabulary(tokenizer, 100)).toThrow(/at most 100 ids.*262/);
});

it('slices rendered text between control tokens only', () => {
  const whole = open.text.length;
  expect(sliceRendered(open, 0)).toEqual(open);
  expect(sliceRendered(open, whole)?.text).toBe('');
  expect(sliceRendered(open, 3)).toBeUndefined();
  const rest = sliceRendered(open, '<|im_start|>us'.length)!;
  expect(rest.text).toBe(open.text.slice('<|im_start|>us'.length));
  expect(rest.pieces[0]).toEqual({ text: 'er\nWhich?' });
});
