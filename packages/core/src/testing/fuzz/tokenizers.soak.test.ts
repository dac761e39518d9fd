import { it } from 'vitest';

import { chatTemplateTarget } from './chatTemplate.js';
import { fuzz, SOAK } from './fuzz.js';
import { tokenizerTarget, ggufTokenizerTarget } from './tokenizer.js';

for (const target of [tokenizerTarget, ggufTokenizerTarget, chatTemplateTarget]) {
  it(`${target.name} stands a million inputs`, async () => {
    console.log(await fuzz(target, SOAK));
  });
}
