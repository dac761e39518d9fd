import { BYTE_CHARACTERS, byteCharacters } from './byteCharacters.js';
import type { TokenizerFiles } from './tokenizerFiles.js';
import { Tokenizer } from './tokenizer.js';

const CONTROL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

/** ChatML without a default system prompt. */
export const CHATML = [
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}",
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
].join('');

/**
 * A tokenizer that needs no file, for models trained from scratch: ids 0 to 255 are the bytes of UTF-8, then come
 * <|endoftext|>, <|im_start|> and <|im_end|> with ChatML as the chat template, then one id for each of `words`.
 *
 * @param words texts of two or more bytes that are one token wherever they occur on a word's boundary, such as ' A'
 * @param chat false leaves the chat template out
 */
export function byteTokenizer(options: { words?: string[]; chat?: boolean } = {}): Tokenizer {
  const { words = [], chat = true } = options;
  const vocab: Record<string, number> = {};
  BYTE_CHARACTERS.forEach((character, byte) => (vocab[character] = byte));
  const added = CONTROL.map((content, i) => ({
    id: 256 + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  for (const { content, id } of added) vocab[content] = id;
  const merges: [string, string][] = [];
  let next = 256 + CONTROL.length;
  for (const word of words) {
    const characters = Array.from(byteCharacters(word));
    let left = characters[0];
    for (const right of characters.slice(1)) {
      if (!Object.hasOwn(vocab, left + right)) {
        merges.push([left, right]);
        vocab[left + right] = next++;
      }
      left += right;
    }
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const files: TokenizerFiles = {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        fuse_unk: false,
        byte_fallback: false,
        vocab,
        merges,
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      eos_token: chat ? '<|im_end|>' : '<|endoftext|>',
      pad_token: '<|endoftext|>',
      clean_up_tokenization_spaces: false,
    },
    ...(chat && { chatTemplate: CHATML }),
  };
  return new Tokenizer(files);
}
