import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@selfjudge/text';
import { wordsOf } from './answer.js';
import { ITEMS, LARGEST_NUMBER, NUMBER_WORDS, PRINCIPLES, SLOTS } from './facts.js';
import { allPrompts } from './prompts.js';

const SPECIAL = ['<pad>', '<s>', '</s>', '<user>', '<assistant>'];

/** Words of answers, reasons and judge templates that no instruction has. */
const OTHER = `Sure : Total , . - it follows the instruction everything is true careful form right makes no sense gives items wrong there
  twice nobody asked for that not polite plain bullets order starts with letters of are total both neither overall no A B`;

const CHAT_TEMPLATE =
  "<s>{% for message in messages %}{% if message['role'] == 'assistant' %}<assistant> {{ message['content'] }}</s>" +
  "{% else %}<user> {{ message['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

function words(): string[] {
  const numbers = Array.from({ length: LARGEST_NUMBER }, (_, i) => String(i + 1));
  const texts = [
    ...allPrompts().map((p) => p.text),
    ...ITEMS,
    ...NUMBER_WORDS,
    ...numbers,
    ...SLOTS,
    ...PRINCIPLES,
    OTHER,
  ];
  return [...new Set(texts.flatMap(wordsOf))].sort();
}

/**
 * The world's tokenizer as ordinary Hugging Face files: one token a word or mark, a chat template of two turn marks.
 * Written into `dir`, so that a trained world model is a model folder like any other.
 */
export async function writeWorldTokenizer(dir: string): Promise<Tokenizer> {
  const vocabulary = [...SPECIAL, ...words()];
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Split',
      pattern: { Regex: '\\w+|[^\\w\\s]' },
      behavior: 'Removed',
      invert: true,
    },
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    // BPE that takes whole words from the vocabulary and has no merges is a word-level tokenizer.
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<pad>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
      merges: [],
    },
  };
  const config = {
    bos_token: '<s>',
    eos_token: '</s>',
    pad_token: '<pad>',
    unk_token: '<pad>',
    add_bos_token: false,
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: 512,
    chat_template: CHAT_TEMPLATE,
  };
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'tokenizer.json'), `${JSON.stringify(tokenizer, null, 1)}\n`);
  writeFileSync(join(dir, 'tokenizer_config.json'), `${JSON.stringify(config, null, 1)}\n`);
  return Tokenizer.load(dir);
}
