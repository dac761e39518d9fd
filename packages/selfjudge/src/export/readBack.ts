import { FileFormatError } from '@selfjudge/base';
import { Adapter, RewardModel, TreeBatch, type Device, type Model } from '@selfjudge/engine';
import { loadModelWithAdapter, readAdapterGguf } from '@selfjudge/engine/internal';
import type { Message, Tokenizer } from '@selfjudge/text';

/** What is tried, where the model has a tokenizer: prose, code, and a conversation as its template writes it. */
const TEXTS = [
  'The capital of France is Paris; that of Japan is Tokyo, a city of 14 million people.',
  'def add(a, b):\n    return a + b\n\nprint(add(17, 25))  # 42\n',
];
const QUESTION: Message = { role: 'user', content: 'What is the sum of 17 and 25?' };
const ANSWER: Message = { role: 'assistant', content: '17 + 25 = 42.' };

/** What a model says of the texts. */
export interface Said {
  /** Of each text, by the model's own tokenizer. */
  ids: number[][];
  /** The log-probability of each token after the first of its text, nats; of a reward model one number a text. */
  values: Float32Array;
  /** Of the weights that were read. */
  fingerprint?: string;
}

export interface SayOptions {
  device: Device;
  dtype: 'float32' | 'bf16';
  /** Whether it gives answers numbers. */
  rewards: boolean;
  adapter?: string;
  /** A GGUF file of an adapter to be put on the model in the place of any other. */
  ggufAdapter?: string;
  /** What it is asked about. Default: the ids of its own tokenizer. */
  about?: number[][];
  onProgress?: (done: number, total: number) => void;
}

/** Loads a model, asks it, and gives its memory back. */
export async function ask(
  path: string,
  { rewards, adapter, ggufAdapter, about, ...options }: SayOptions,
): Promise<Said> {
  const load = { ...options, onWarning: () => {}, withoutAdapter: ggufAdapter !== undefined };
  if (rewards) {
    const reward = await RewardModel.load(path, load);
    try {
      const { model } = reward.view;
      const ids = textsFor(model);
      const sequences = (about ?? ids).map((tokens) => reward.sequence(tokens));
      const values = await reward.score(TreeBatch.from(sequences));
      return { ids, values, fingerprint: fingerprintOf(model) };
    } finally {
      reward.dispose();
    }
  }
  const loaded = await loadModelWithAdapter(path, { ...load, ...(adapter !== undefined && { adapter }) });
  const { model } = loaded;
  const parts = ggufAdapter === undefined ? undefined : readAdapterGguf(ggufAdapter, model.config);
  const onTop = parts === undefined ? loaded.adapter : Adapter.of(parts, model);
  try {
    // An adapter's file has no tokenizer.
    const ids = (parts && about) ?? textsFor(model);
    const view = model.view(onTop === undefined ? [] : [onTop]);
    const targets = (tokens: number[]): [number, number][] => [[1, tokens.length]];
    const sequences = (about ?? ids).map((tokens) => ({ tokens, targets: targets(tokens) }));
    const values = await view.score(TreeBatch.from(sequences));
    return { ids, values, fingerprint: parts?.fingerprint ?? fingerprintOf(model) };
  } finally {
    onTop?.dispose();
    model.dispose();
  }
}

const fingerprintOf = ({ fingerprint }: Pick<Model, 'fingerprint'>) => fingerprint;

function textsFor({ tokenizer, config }: Pick<Model, 'tokenizer' | 'config'>): number[][] {
  const all = tokenizer === undefined ? [anyIds(config.vocabSize)] : textIds(tokenizer);
  return all.map((ids) => ids.slice(0, config.maxPositions)).filter((ids) => ids.length > 1);
}

function textIds(tokenizer: Tokenizer): number[][] {
  const plain = TEXTS.map((text) => tokenizer.encodeText(text));
  return [...plain, tokenizer.encodeRendered(tokenizer.renderChat([QUESTION, ANSWER]))];
}

/** For a model without a tokenizer. */
const anyIds = (vocabSize: number) => Array.from({ length: 32 }, (_, i) => (31 * i + 7) % vocabSize);

/** How far apart two models are in what they say. */
export interface Difference {
  /** Numbers that were compared. */
  count: number;
  mean: number;
  largest: number;
}

/**
 * Compares what a written model says with what the model said that was merged.
 *
 * @param path of what was written, named in errors
 * @param plain whether only text without control tokens must have the ids that it had
 * @throws FileFormatError for other ids, or numbers that are not finite
 */
export function differenceOf(before: Said, after: Said, path: string, plain = false): Difference {
  const compared = plain ? TEXTS.length : before.ids.length;
  const ids = ({ ids }: Said) => JSON.stringify(ids.slice(0, compared));
  if (ids(before) !== ids(after))
    throw new FileFormatError({
      path,
      expected: 'a tokenizer that gives the ids of the one that was merged',
      received: 'others',
    });
  const apart = before.values.map((x, i) => Math.abs(x - after.values[i]));
  const wrong = apart.findIndex((x) => !Number.isFinite(x));
  if (wrong >= 0 || apart.length === 0 || after.values.length !== apart.length)
    throw new FileFormatError({
      path,
      expected: 'finite log-probabilities',
      received: `${before.values[wrong]} before, ${after.values[wrong]} after`,
    });
  return {
    count: apart.length,
    mean: apart.reduce((sum, x) => sum + x, 0) / apart.length,
    largest: apart.reduce((a, b) => Math.max(a, b), 0),
  };
}
