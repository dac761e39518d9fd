import { inspect } from 'node:util';

import { parseTokenizerFiles, TOKENIZER_FILES } from '@selfjudge/text/internal';
import { Tokenizer } from '@selfjudge/text';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { mutateJson, mutateValue } from './json.js';
import { TEMPLATE_WORDS } from './chatTemplate.js';
import { sentencePieceModel, sentencePieceTokenizer, SMALL_PIECES } from '../sentencePiece.js';
import { mutateBytes } from './bytes.js';
import { mutateText } from './text.js';
import { TOKENIZERS } from './tokenizerFiles.js';

/** A chat template is rendered thrice, and each character of the text becomes a node of the search for merges. */
const HEAP_PER_BYTE = 1024;
/** The search for merges has two numbers of four bytes for each symbol of a long word, here of a template's whole text. */
const BUFFERS_PER_BYTE = 16;

/** Loops are left to the target of templates. */
const WORDS = TEMPLATE_WORDS.filter((word) => !word.includes('range('));

/** What a tokenizer that loads can be asked for. @param chat with its chat format, which takes most of the time */
function use(tokenizer: Tokenizer, chat: boolean): void {
  const ids = tokenizer.encode('hello, <s> 12é🙂\n');
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id >= tokenizer.vocabSize)
      throw new Error(`id ${id} of ${tokenizer.vocabSize}`);
  }
  tokenizer.decode(ids);
  tokenizer.decode([0, 1, 2, tokenizer.vocabSize]);
  tokenizer.encode('hello<s>', { special: true, continues: true });
  if (!chat) return;
  const rendered = tokenizer.renderChat([{ role: 'user', content: 'hello' }], { addGenerationPrompt: true });
  tokenizer.encodeRendered(rendered);
  tokenizer.encodeAnswer('hello');
  if (!tokenizer.eos.every(Number.isInteger)) throw new Error(`end tokens ${inspect(tokenizer.eos)}`);
}

interface Files {
  texts: (string | undefined)[];
  chat: boolean;
}

/** The files of a folder with tokenizer.json and what may stand beside it, one of them changed. */
export function tokenizerTarget(): FuzzTarget<Files> {
  const names = [...TOKENIZER_FILES, 'tokenizer.json'];
  return {
    name: 'tokenizer folder',
    heapPerByte: HEAP_PER_BYTE,
    buffersPerByte: BUFFERS_PER_BYTE,
    make(random): FuzzCase<Files> {
      const how: string[] = [];
      const which = random.below(TOKENIZERS.length);
      const name = random.choice(names);
      const documents: Record<string, unknown> = {
        'tokenizer.json': TOKENIZERS[which].tokenizer,
        'tokenizer_config.json': TOKENIZERS[which].config,
        'generation_config.json': { eos_token_id: [2, 3] },
      };
      const changed =
        name === 'chat_template.jinja'
          ? mutateText('{{ messages[0].content }}</s>', random, how, WORDS)
          : mutateJson(documents[name], random, how);
      const texts = TOKENIZER_FILES.map((file) => {
        if (file === name) return changed.toString('utf8');
        return documents[file] === undefined ? undefined : JSON.stringify(documents[file]);
      });
      const size = texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
      const chat = name === 'chat_template.jinja' || random.below(6) === 0;
      return { input: { texts, chat }, size, how: [`${name} of tokenizer ${which}`, ...how] };
    },
    parse: ({ texts, chat }) => use(new Tokenizer(parseTokenizerFiles('folder', texts)), chat),
  };
}

interface Metadata {
  metadata: ReadonlyMap<string, unknown>;
  chat: boolean;
}

/** The tokenizer in a GGUF file's metadata. */
export function ggufTokenizerTarget(): FuzzTarget<Metadata> {
  const tokens = ['<unk>', '<s>', '</s>', '<0x0A>', ...'helo▁Ġ,', 'he', 'll', 'hell', 'hello'];
  const common = {
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': tokens.map((_, i) => [2, 3, 3, 6][i] ?? 1),
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    'tokenizer.ggml.eot_token_id': 2,
    'tokenizer.ggml.unknown_token_id': 0,
    'tokenizer.ggml.add_bos_token': true,
    'tokenizer.chat_template': '{{ bos_token }}{{ messages[0].content }}</s>',
  };
  const merges = ['h e', 'l l', 'he ll', 'hell o'];
  const documents = [
    { 'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.scores': tokens.map((_, i) => -i), ...common },
    {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'smollm',
      'tokenizer.ggml.merges': merges,
      ...common,
    },
    {
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'llama-bpe',
      'tokenizer.ggml.merges': merges,
      ...common,
    },
  ];
  return {
    name: 'GGUF tokenizer',
    heapPerByte: HEAP_PER_BYTE,
    buffersPerByte: BUFFERS_PER_BYTE,
    make(random): FuzzCase<Metadata> {
      const how: string[] = [];
      const { value, size } = mutateValue(random.choice(documents), random, how);
      const metadata = new Map(Object.entries(value ?? {}));
      return { input: { metadata, chat: random.below(4) === 0 }, size, how };
    },
    parse: ({ metadata, chat }) => use(Tokenizer.fromGguf(metadata), chat),
  };
}

/** A tokenizer.model in the place of tokenizer.json, some of its bytes changed. */
export function sentencePieceTarget(): FuzzTarget<Buffer> {
  const sizes = [SMALL_PIECES.slice(0, 3), SMALL_PIECES.slice(-12), SMALL_PIECES];
  const models = sizes.map((pieces) => sentencePieceModel(pieces));
  return {
    name: 'tokenizer.model',
    heapPerByte: HEAP_PER_BYTE,
    buffersPerByte: BUFFERS_PER_BYTE,
    make(random): FuzzCase<Buffer> {
      const how: string[] = [];
      const input = mutateBytes(random.choice(models), random, how);
      return { input, size: input.length, how };
    },
    parse: (model) => use(sentencePieceTokenizer(model), false),
  };
}
