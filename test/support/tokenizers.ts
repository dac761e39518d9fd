// Tokenizers with the properties that others have tripped over.
import { byteTokenizer, Tokenizer, type TokenizerFiles } from '@selfjudge/text';

const WORDS = { words: [' A', ' B'] };

/** Bytes with a token <s> as BOS: put there by the tokenizer's own rule, or by a chat template. */
export function bosTokenizer(by: 'rule' | 'template'): Tokenizer {
  const { files } = byteTokenizer(WORDS);
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const id = byteTokenizer(WORDS).vocabSize;
  const rule = {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [id], tokens: ['<s>'] } },
  };
  return new Tokenizer({
    tokenizer: {
      ...files.tokenizer,
      added_tokens: [...files.tokenizer.added_tokens, { ...special, id, content: '<s>' }],
      post_processor: rule,
    },
    config: { ...files.config, bos_token: '<s>' },
    ...(by === 'template' && { chatTemplate: `{{ bos_token }}${files.chatTemplate}` }),
  });
}

/** Bytes with one id for the end of a turn and for padding. */
export function padIsEosTokenizer(): Tokenizer {
  const { files } = byteTokenizer(WORDS);
  const config: TokenizerFiles['config'] = { ...files.config, pad_token: files.config.eos_token };
  return new Tokenizer({ ...files, config });
}
