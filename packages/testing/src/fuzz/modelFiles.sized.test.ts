import { describeFuzz } from './describeFuzz.js';
import { adapterTarget } from './adapter.js';
import { bitsandbytesTarget } from './bitsandbytes.js';
import { ggufTarget, dequantizeTarget } from './gguf.js';
import { ggufModelTarget } from './ggufModel.js';
import { hfConfigTarget, modelFolderTarget } from './modelConfig.js';
import { safetensorsTarget } from './safetensors.js';

describeFuzz(
  safetensorsTarget,
  ggufTarget,
  dequantizeTarget,
  ggufModelTarget,
  hfConfigTarget,
  modelFolderTarget,
  bitsandbytesTarget,
  adapterTarget,
);
