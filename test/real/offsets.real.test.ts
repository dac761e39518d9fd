import { expect, it } from 'vitest';
import { Tokenizer } from '@selfjudge/text';
import { modelFacts } from '@selfjudge/engine/internal';
import { fixture, weights } from './real.js';

it.skipIf(weights === '')('offsets are those of transformers, which counts code points', async () => {
  // Written by benchmarks/peers/token_offsets.py with transformers 5.23.
  const { texts, tokens } = fixture<{ texts: string[]; tokens: [number, number, number][][] }>(
    'smollm2_offsets.json',
  );
  const { tokenizer } = await modelFacts(weights);
  expect(tokenizer).toBeInstanceOf(Tokenizer);
  let exact = 0;
  texts.forEach((text, i) => {
    const units = [0];
    for (const character of text) units.push(units.at(-1)! + character.length);
    const { ids, offsets } = tokenizer!.encodeWithOffsets(text, { special: true });
    expect(ids, JSON.stringify(text)).toEqual(tokens[i].map(([id]) => id));
    // Behind a byte that has no token Python's places are one short, up to the end of the word.
    if (tokenizer!.decode(ids) !== text) return;
    exact++;
    const expected = tokens[i].map(([, from, to]) => [units[from], units[to]]);
    expect(offsets, JSON.stringify(text)).toEqual(expected);
  });
  expect(exact).toBeGreaterThan(40);
});
