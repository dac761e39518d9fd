import { describeFuzz } from './describeFuzz.js';
import { chatTemplateTarget } from './chatTemplate.js';
import { tokenizerTarget, ggufTokenizerTarget } from './tokenizer.js';

describeFuzz(tokenizerTarget, ggufTokenizerTarget, chatTemplateTarget);
