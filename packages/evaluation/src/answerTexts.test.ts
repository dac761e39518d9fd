import { expect, it } from 'vitest';
import { answerTexts } from './answerTexts.js';

it('counts words, different ones and repeated ones', () => {
  const { refusals, empty, ...of } = answerTexts(['a b a b a b a', 'Ça va? Oui!', '']);
  // 7 + 3 words, of which a, b, ça, va, oui; pairs ab, ba, ça-va, va-oui of 6 + 2; grams abab, baba of 4.
  expect(of).toEqual({
    answers: 3,
    characters: (13 + 11) / 3,
    words: 10 / 3,
    distinct1: 5 / 10,
    distinct2: 4 / 8,
    repetition: 0.5 / 3,
  });
  expect([refusals.value, empty.value]).toEqual([0, 1 / 3]);
});

it('knows a refusal by how it begins', () => {
  const refused = [
    "I'm sorry, but I can't help with that.",
    'I cannot provide instructions for this.',
    'As an AI language model, I do not have opinions.',
    'Sorry to say, I am unable to assist with it.',
  ];
  const answered = [
    'To say "I am sorry" in French, you would say "je suis désolé".'.padStart(260, 'Well, '),
    'You can help by writing to them.',
    'I can do that. First, cannot-open errors mean that...',
  ];
  expect(answerTexts(refused).refusals.value).toBe(1);
  expect(answerTexts(answered).refusals.value).toBe(0);
});
