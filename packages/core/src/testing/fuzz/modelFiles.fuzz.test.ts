import { it } from 'vitest';

import { adapterTarget } from './adapter.js';
import { fuzz, SHORT } from './fuzz.js';
import { ggufTarget, dequantizeTarget } from './gguf.js';
import { ggufModelTarget } from './ggufModel.js';
import { hfConfigTarget, modelFolderTarget } from './modelConfig.js';
import { safetensorsTarget } from './safetensors.js';

for (const target of [
  safetensorsTarget,
  ggufTarget,
  dequantizeTarget,
  ggufModelTarget,
  hfConfigTarget,
  modelFolderTarget,
  adapterTarget,
]) {
  it(`${target.name} stands any input`, async () => {
    await fuzz(target, SHORT);
  });
}
