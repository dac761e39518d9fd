import type { TokenizerFiles } from '@selfjudge/text';

/** A few pieces, with the characters of 'hello' and of ' ' as both kinds of vocabulary write it. */
const PIECES = [
  '<unk>',
  '<s>',
  '</s>',
  'h',
  'e',
  'l',
  'o',
  'Ġ',
  '▁',
  'he',
  'll',
  'hell',
  'hello',
  '<0x0A>',
  ',',
];
const VOCAB = Object.fromEntries(PIECES.map((piece, id) => [piece, id]));
const MERGES = ['h e', 'l l', 'he ll', 'hell o'];

const added = (id: number, special: boolean) => ({
  id,
  content: PIECES[id],
  single_word: false,
  lstrip: false,
  rstrip: id === 2,
  normalized: false,
  special,
});

const model = {
  type: 'BPE',
  dropout: null,
  unk_token: '<unk>',
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: true,
  byte_fallback: false,
  ignore_merges: false,
  vocab: VOCAB,
  merges: MERGES,
};

const bosFirst = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
};

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
const PATTERN = "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+";

const TEMPLATE =
  "{{ bos_token }}{% for m in messages %}{{ '<s>' + m['role'] + '\\n' + m.content | trim + '</s>' }}{% endfor %}";

const config = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: '<s>',
  eos_token: { content: '</s>', lstrip: false },
  unk_token: '<unk>',
  pad_token: null,
  add_bos_token: true,
  additional_special_tokens: ['<s>'],
  added_tokens_decoder: { 1: { content: '<s>', special: true }, 2: { content: '</s>', special: true } },
  chat_template: TEMPLATE,
};

const base = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [added(0, true), added(1, true), added(2, true)],
};

/** tokenizer.json and tokenizer_config.json of each family: GPT-2's, Llama 3's, Llama 2's and one of many parts. */
export const TOKENIZERS: readonly TokenizerFiles[] = [
  {
    tokenizer: {
      ...base,
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: byteLevel,
      decoder: byteLevel,
      model,
    },
    config: { ...config, chat_template: undefined },
  },
  {
    tokenizer: {
      ...base,
      normalizer: { type: 'NFC' },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: PATTERN }, behavior: 'Isolated', invert: false },
          { type: 'Digits', individual_digits: true },
          { ...byteLevel, use_regex: false },
        ],
      },
      post_processor: { type: 'Sequence', processors: [byteLevel, bosFirst] },
      decoder: byteLevel,
      model: {
        ...model,
        ignore_merges: true,
        merges: MERGES.map((merge) => merge.split(' ') as [string, string]),
      },
    },
    config,
  },
  {
    tokenizer: {
      ...base,
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Prepend', prepend: '▁' },
          { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        ],
      },
      pre_tokenizer: null,
      post_processor: bosFirst,
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: { ...model, byte_fallback: true },
    },
    config: { ...config, chat_template: [{ name: 'default', template: TEMPLATE }] },
  },
  {
    tokenizer: {
      ...base,
      added_tokens: [...base.added_tokens, { ...added(13, false), normalized: true }],
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'Lowercase' },
          { type: 'Strip', strip_left: true, strip_right: true },
          { type: 'NFKC' },
        ],
      },
      pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
      post_processor: null,
      decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
      model,
    },
    config: { eos_token: '</s>' },
  },
];
