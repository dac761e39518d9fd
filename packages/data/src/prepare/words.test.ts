import { expect, it } from 'vitest';

import { wordHash, wordHashes, wordsOf } from './words.js';

it.each([
  ["Don't STOP, 2x-Speed!", ['don', 't', 'stop', '2x', 'speed']],
  ['Ｆｕｌｌ ﬁt', ['full', 'fit']],
  ['नमस्ते दुनिया', ['नमस्ते', 'दुनिया']],
  ['我喜欢 tea茶', ['我', '喜', '欢', 'tea', '茶']],
  ['が です', ['が', 'で', 'す']],
  ['... \u{1f600} ***', []],
  ['', []],
  ['\x00_a_B\t9Z\x7f~', ['a', 'b', '9z']],
])('%s', (text, words) => {
  expect(wordsOf(text)).toEqual(words);
  expect([...wordHashes(text)]).toEqual(words.map(wordHash));
});
