import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ggufSource } from '@selfjudge/engine/internal';
import type { Random } from '@selfjudge/base';
import { GgufBuilder, ggufEntry } from '../ggufBuilder.js';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { checkSource } from './modelConfig.js';

type Kind = Parameters<GgufBuilder['value']>[1];
type Scalar = Parameters<GgufBuilder['value']>[2];

/** What the builder writes: a value or a list under a key, a tensor by its name. */
interface Document {
  values: { key: string; kind: Kind; value: Scalar | Scalar[] }[];
  tensors: { name: string; type: number; dimensions: number[] }[];
}

const TOKENS = ['<unk>', '<s>', '</s>', ...'helo▁', '▁h', '▁he', 'el', 'lo', '<0x0A>'];

function sample(scaling: Document['values'], ropeFreqs: boolean): Document {
  const u32 = (key: string, value: number) => ({ key, kind: 'u32' as const, value });
  const matrix = (name: string, columns: number, rows: number) => ({
    name,
    type: 0,
    dimensions: [columns, rows],
  });
  const vector = (name: string, size: number) => ({ name, type: 0, dimensions: [size] });
  return {
    values: [
      { key: 'general.architecture', kind: 'string', value: 'llama' },
      u32('llama.block_count', 1),
      u32('llama.context_length', 64),
      u32('llama.embedding_length', 8),
      u32('llama.feed_forward_length', 4),
      u32('llama.attention.head_count', 2),
      u32('llama.attention.head_count_kv', 1),
      u32('llama.rope.dimension_count', 4),
      u32('llama.vocab_size', TOKENS.length),
      { key: 'llama.attention.layer_norm_rms_epsilon', kind: 'f32', value: 1e-5 },
      { key: 'llama.rope.freq_base', kind: 'f32', value: 10000 },
      { key: 'tokenizer.ggml.model', kind: 'string', value: 'llama' },
      { key: 'tokenizer.ggml.tokens', kind: 'string', value: TOKENS },
      { key: 'tokenizer.ggml.scores', kind: 'f32', value: TOKENS.map((_, i) => -i) },
      { key: 'tokenizer.ggml.token_type', kind: 'i32', value: TOKENS.map((_, i) => (i < 3 ? 3 : 1)) },
      u32('tokenizer.ggml.bos_token_id', 1),
      u32('tokenizer.ggml.eos_token_id', 2),
      { key: 'tokenizer.chat_template', kind: 'string', value: '{{ messages[0].content }}' },
      ...scaling,
    ],
    tensors: [
      matrix('token_embd.weight', 8, TOKENS.length),
      vector('output_norm.weight', 8),
      vector('blk.0.attn_norm.weight', 8),
      vector('blk.0.ffn_norm.weight', 8),
      matrix('blk.0.attn_q.weight', 8, 8),
      matrix('blk.0.attn_k.weight', 8, 4),
      matrix('blk.0.attn_v.weight', 8, 4),
      matrix('blk.0.attn_output.weight', 8, 8),
      matrix('blk.0.ffn_gate.weight', 8, 4),
      matrix('blk.0.ffn_up.weight', 8, 4),
      matrix('blk.0.ffn_down.weight', 4, 8),
      ...(ropeFreqs ? [vector('rope_freqs.weight', 2)] : []),
    ],
  };
}

const KINDS: readonly Kind[] = [
  'u8',
  'i8',
  'u16',
  'i32',
  'u32',
  'f32',
  'bool',
  'string',
  'u64',
  'i64',
  'f64',
];
const NUMBERS = [0, 1, 2, 3, 7, 8, 255, 2 ** 16, 2 ** 31 - 1, 2 ** 32 - 1];
const TEXTS = [
  '',
  'llama',
  'gpt2',
  'yarn',
  '{{',
  '{% for',
  '\0',
  '▁',
  'x'.repeat(3000),
  '__proto__',
  '<0x0A>',
];

/** Values of other kinds and sizes, keys and tensors that are missing, twice or called otherwise. */
function mutate({ values, tensors }: Document, random: Random, how: string[]): Document {
  if (random.below(3) > 0) {
    const i = random.below(values.length);
    return { values: splice(values, i, mutateEntry(values[i], values, random, how)), tensors };
  }
  const i = random.below(tensors.length);
  const tensor = tensors[i];
  how.push(`tensor ${tensor.name}`);
  switch (random.below(5)) {
    case 0:
      return { values, tensors: splice(tensors, i, []) };
    case 1:
      return { values, tensors: splice(tensors, i, [tensor, tensor]) };
    case 2:
      return {
        values,
        tensors: splice(tensors, i, [{ ...tensor, name: random.choice(tensors).name.replace('0', '1') }]),
      };
    case 3:
      return { values, tensors: splice(tensors, i, [{ ...tensor, type: random.below(31) }]) };
    default: {
      const dimensions = splice(tensor.dimensions, random.below(2), [random.choice(NUMBERS)]);
      return { values, tensors: splice(tensors, i, [{ ...tensor, dimensions }]) };
    }
  }
}

type Entry = Document['values'][number];

function mutateEntry(entry: Entry, all: Entry[], random: Random, how: string[]): Entry[] {
  const { key, kind, value } = entry;
  how.push(`value ${key}`);
  switch (random.below(6)) {
    case 0:
      return [];
    case 1:
      return [{ ...entry, key: random.choice(all).key }];
    case 2:
      return [{ ...random.choice(all), key }];
    case 3: {
      if (!Array.isArray(value)) return [{ ...entry, value: [value, value] }];
      const i = random.below(value.length);
      const items = kind === 'string' ? [random.choice(TEXTS)] : [random.choice(NUMBERS.slice(0, 6))];
      return [{ ...entry, value: splice(value, i, random.choice([[], items, [value[i], value[i]]])) }];
    }
    default: {
      const other = random.choice(KINDS);
      const scalar = other === 'string' ? random.choice(TEXTS) : fitting(other, random.choice(NUMBERS));
      how.push(`becomes ${other} ${String(scalar).slice(0, 20)}`);
      return [{ key, kind: other, value: scalar }];
    }
  }
}

/** Numbers of more bits than a kind has wrap around, as they would in memory. */
function fitting(kind: Kind, value: number): Scalar {
  if (kind === 'u64' || kind === 'i64') return BigInt(value) << 20n;
  return kind === 'f32' || kind === 'f64' ? value * 1.5 : value;
}

function splice<T>(list: readonly T[], at: number, items: readonly T[]): T[] {
  return [...list.slice(0, at), ...items, ...list.slice(at + 1)];
}

const ZEROS = new Uint8Array(4096);

/** Bytes of a tensor of small dimensions; of others the file holds less than it says. */
function dataOf({ type, dimensions }: Document['tensors'][number]): Uint8Array {
  const values = dimensions.reduce((a, b) => a * b, 1);
  return ZEROS.subarray(0, Math.min(values * (type === 0 ? 4 : 2), ZEROS.length));
}

/** Most entries are the same in every file. */
const encoded = new WeakMap<Entry, Buffer>();

function write({ values, tensors }: Document): Buffer {
  const builder = new GgufBuilder();
  for (const entry of values) {
    const bytes = encoded.get(entry) ?? ggufEntry(entry.key, entry.kind, entry.value);
    encoded.set(entry, bytes);
    builder.entry(bytes);
  }
  for (const tensor of tensors) builder.tensor(tensor.name, tensor.type, tensor.dimensions, dataOf(tensor));
  return builder.bytes();
}

/** A whole model in a GGUF file: its shape, its tensors and its tokenizer, with one of its entries changed. */
export function ggufModelTarget(folder: string): FuzzTarget<string> {
  const path = join(folder, 'model.gguf');
  const yarn: Document['values'] = [
    { key: 'llama.rope.scaling.type', kind: 'string', value: 'yarn' },
    { key: 'llama.rope.scaling.factor', kind: 'f32', value: 4 },
  ];
  const documents = [sample([], false), sample(yarn, false), sample([], true)];
  return {
    name: 'GGUF model',
    make(random): FuzzCase<string> {
      const how: string[] = [];
      let document = random.choice(documents);
      for (let n = 1 + random.below(2); n > 0; n--) document = mutate(document, random, how);
      const bytes = write(document);
      writeFileSync(path, bytes);
      return { input: path, size: bytes.length, how };
    },
    parse: (input) => checkSource(ggufSource(input)),
  };
}
