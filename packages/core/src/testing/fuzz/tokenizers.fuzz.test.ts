import { it } from 'vitest';

import { chatTemplateTarget } from './chatTemplate.js';
import { fuzz, SHORT } from './fuzz.js';
import { tokenizerTarget, ggufTokenizerTarget } from './tokenizer.js';

for (const target of [tokenizerTarget, ggufTokenizerTarget, chatTemplateTarget]) {
  it(`${target.name} stands any input`, async () => {
    await fuzz(target, SHORT);
  });
}
