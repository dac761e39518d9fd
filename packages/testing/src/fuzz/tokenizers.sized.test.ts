import { describeFuzz } from './describeFuzz.js';
import { chatTemplateTarget } from './chatTemplate.js';
import { tokenizerTarget, ggufTokenizerTarget, sentencePieceTarget } from './tokenizer.js';

describeFuzz(tokenizerTarget, ggufTokenizerTarget, sentencePieceTarget, chatTemplateTarget);
