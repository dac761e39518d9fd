import { SelfjudgeError } from '@selfjudge/base';
import { forwardKeys } from '../model/forward.js';
import type { ModelView } from '../model/view.js';
import { orDispose, owned, tidy } from '../tensor/scope.js';
import type { Angles } from '../tensor/ops/kvWrite.js';
import { Tensor } from '../tensor/tensor.js';
import type { Tokenizer } from '@selfjudge/text';
import { DecodeProgram } from './decodeProgram.js';
import { BLOCK, blocksFor, KvPool, readsByWindow } from './kvPool.js';
import { checkRequest, defaultEos, defaultVocabSize, type GenerateOptions } from './options.js';
import {
  ownBlocks,
  answersOf,
  poolBlocks,
  prefilled,
  sharedBlocks,
  type Answer,
  type Prompt,
} from './answers.js';

/** One sampled answer. */
export interface Sample {
  /** Ids as sampled, the end token included when there is one. */
  tokens: number[];
  /** Of each token: its log-probability under the whole vocabulary at temperature 1, in nats. */
  logprobs: Float32Array;
  /** Of each token: its log-probability under the distribution it was drawn from, in nats. Where it was asked for. */
  samplingLogprobs?: Float32Array;
  /** `length`: cut at maxNewTokens; `error`: see there. */
  finish: 'eos' | 'length' | 'error';
  /** Why the answer ends here: its next logits hold NaN or +inf or nothing finite. `tokens` are those before. */
  error?: string;
}

/** Rows of prompts a forward pass takes at once. */
const PREFILL_ROWS = 1024;

/**
 * Samples `count` answers to each prompt.
 *
 * Every distinct prompt is computed and stored once. Answers are decoded together, one token a step each; when one
 * ends, the next takes its place. The device works a step ahead of what has been read, so it never waits for JavaScript;
 * the one token drawn behind an end token is dropped. A token depends on its path, the seed and its key (sequence, position) alone: not
 * on `maxBatch`, on the order of work or on what else is sampled, and its log-probability is bitwise what
 * `view.score` gives for the same path.
 *
 * @param prompts ids of each prompt, at least one each.
 * @returns answer i to prompt p at [p][i]. One whose logits are not finite ends there, with `finish` error; the others go on.
 * @throws ArgumentError naming the prompt that does not fit the model's context; SelfjudgeError with code SJ_FAULT
 *   naming the first answer, when the logits of every answer hold NaN or +inf or nothing finite
 */
export async function generate(
  view: ModelView,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions,
): Promise<Sample[][]> {
  checkRequest(view, prompts, options);
  const { count = 1, firstSequence = 0, onProgress, signal } = options;
  const { firstSequences = prompts.map((_, p) => firstSequence + p * count) } = options;
  signal?.throwIfAborted();
  const answers = answersOf(prompts, count, firstSequences);
  const samples = prompts.map((): Sample[] => []);
  if (answers.length === 0) return samples;
  const work = new Generation(view, answers, options);
  try {
    for (let done = 0; done < answers.length;) {
      signal?.throwIfAborted();
      for (const answer of await work.step()) {
        samples[answer.promptIndex][answer.index] = sampleOf(answer);
        done++;
      }
      onProgress?.({ done, total: answers.length, tokens: work.tokens });
    }
  } finally {
    work.dispose();
  }
  if (answers.every(({ finish }) => finish === 'error')) throw notFinite(answers[0]);
  return samples;
}

/** A step of decoding that is enqueued: its answers by row, and what it will have drawn. */
interface Step {
  answers: readonly Answer[];
  drawn: Promise<[tokens: ArrayLike<number>, logp: ArrayLike<number>, samplingLogp?: ArrayLike<number>]>;
}

/** A run of `generate`: what is in the pool and in work. */
class Generation {
  /** Tokens read so far. */
  tokens = 0;
  readonly #view: ModelView;
  readonly #pool: KvPool;
  readonly #waiting: Answer[];
  /**
   * Those that need another token, as far as is known, in the order they began: answers to one prompt stand together, so
   * that attention loads its chunks once.
   */
  #active: Answer[] = [];
  /** The step that is enqueued and not yet read. */
  #ahead: Step | undefined;
  /** int32 [maxBatch]: what the step enqueued last draws, by row. */
  readonly #drawn: Tensor;
  readonly #options: GenerateOptions & Required<Pick<GenerateOptions, 'maxBatch' | 'eos' | 'vocabSize'>>;
  /** By rows. */
  readonly #programs = new Map<number, DecodeProgram>();
  /** Most blocks a path can have, and the block that rows of no answer write to. */
  readonly #width: number;
  readonly #unusedBlock: number;

  constructor(view: ModelView, answers: readonly Answer[], options: GenerateOptions) {
    const { model } = view;
    this.#view = view;
    this.#options = {
      ...options,
      maxBatch: options.maxBatch ?? 64,
      eos: options.eos ?? defaultEos(view),
      vocabSize: options.vocabSize ?? defaultVocabSize(view),
    };
    this.#waiting = answers.toReversed();
    const blocks = poolBlocks(answers, this.#options) + 1;
    this.#drawn = owned(() => Tensor.empty(model.device, [this.#options.maxBatch], 'int32'));
    this.#pool = orDispose([this.#drawn], () => new KvPool(model.device, model.config, model.dtype, blocks));
    [this.#unusedBlock] = this.#pool.take(1);
    this.#width = Math.max(
      ...answers.map(({ prompt }) => sharedBlocks(prompt) + ownBlocks(prompt, options.maxNewTokens)),
    );
  }

  /** Reads a step, when the next is enqueued. Returns the answers that ended in it. */
  async step(): Promise<Answer[]> {
    const now = (this.#ahead ??= this.#enqueue());
    this.#ahead = this.#enqueue();
    return now === undefined ? [] : this.#read(now);
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    this.#drawn.dispose();
    this.#pool.dispose();
  }

  /** One token for every answer in work, after filling free places; undefined when there is none. */
  #enqueue(): Step | undefined {
    this.#admit();
    const answers = this.#active;
    if (answers.length === 0) return undefined;
    const rowBefore = new Map(this.#ahead?.answers.map((answer, row) => [answer, row]));
    const rows = answers.map((answer) => ({
      token: answer.prompt.tokens[prefilled(answer.prompt)],
      from: rowBefore.get(answer) ?? -1,
      position: prefilled(answer.prompt) + answer.drawn,
      table: answer.table,
      sequence: answer.sequence,
    }));
    const [tokens, logp, samplingLogp] = this.#programOf(rows.length).run(rows);
    const asked = this.#options.samplingLogprobs === true;
    const drawn = Promise.all([tokens.read(), logp.read(), asked ? samplingLogp.read() : undefined]);
    drawn.catch(() => {}); // when an earlier step failed nobody reads it
    for (const answer of answers) answer.drawn++;
    // Whatever is enqueued from here on runs after the last row of these, so others may have their blocks.
    const last = answers.filter((answer) => answer.drawn === this.#options.maxNewTokens);
    for (const { table } of last) this.#pool.release(table);
    this.#active = answers.filter((answer) => answer.drawn < this.#options.maxNewTokens);
    return { answers, drawn };
  }

  async #read({ answers, drawn }: Step): Promise<Answer[]> {
    const [tokens, logp, samplingLogp] = await drawn;
    const { eos, maxNewTokens, onToken } = this.#options;
    const ended: Answer[] = [];
    answers.forEach((answer, i) => {
      if (answer.finish !== undefined) return; // its end was still unread when this row was enqueued
      if (tokens[i] < 0) {
        answer.finish = 'error';
        ended.push(answer);
        return;
      }
      answer.tokens.push(tokens[i]);
      answer.logprobs.push(logp[i]);
      if (samplingLogp !== undefined) (answer.samplingLogprobs ??= []).push(samplingLogp[i]);
      this.tokens++;
      if (eos.includes(tokens[i])) answer.finish = 'eos';
      else if (answer.tokens.length === maxNewTokens) answer.finish = 'length';
      if (answer.finish !== undefined) ended.push(answer);
      const { promptIndex, index, finish } = answer;
      onToken?.({ promptIndex, index, token: tokens[i], ...(finish && { finish }) });
    });
    for (const { finish, table } of this.#active) if (finish !== undefined) this.#pool.release(table);
    this.#active = this.#active.filter(({ finish }) => finish === undefined);
    return ended;
  }

  /** Starts waiting answers, in order, while there are places and blocks for all they may come to need. */
  #admit(): void {
    const { maxBatch, maxNewTokens } = this.#options;
    const fresh: Prompt[] = [];
    const moves: [from: number, to: number, count: number][] = [];
    const finished: number[][] = [];
    while (this.#active.length < maxBatch && this.#waiting.length > 0) {
      const answer = this.#waiting[this.#waiting.length - 1];
      const { prompt } = answer;
      const own = ownBlocks(prompt, maxNewTokens);
      const needed = prompt.blocks === undefined ? blocksFor(prefilled(prompt)) : 0;
      if (own + needed > this.#pool.free) break;
      this.#waiting.pop();
      if (prompt.blocks === undefined) {
        prompt.blocks = this.#pool.take(needed);
        fresh.push(prompt);
      }
      const full = sharedBlocks(prompt);
      const shared = prompt.blocks.slice(0, full);
      this.#pool.share(shared);
      answer.table = [...shared, ...this.#pool.take(own)];
      const part = prefilled(prompt) % BLOCK;
      if (part > 0) moves.push([prompt.blocks[full], answer.table[full], part]);
      if (--prompt.waiting === 0) finished.push(prompt.blocks);
      this.#active.push(answer);
    }
    this.#prefill(fresh);
    this.#pool.copy(moves);
    // The copies above are enqueued, so what comes next may reuse these blocks: the stream runs in order.
    for (const blocks of finished) this.#pool.release(blocks);
  }

  /** Fills the pool with the prompts' keys and values, all tokens but the last. */
  #prefill(prompts: readonly Prompt[]): void {
    let rows: Row[] = [];
    const flush = () => {
      if (rows.length > 0) this.#keep(rows);
      rows = [];
    };
    for (const prompt of prompts) {
      for (let position = 0; position < prefilled(prompt); position++) {
        rows.push({ token: prompt.tokens[position], position, table: prompt.blocks! });
        if (rows.length === PREFILL_ROWS) flush();
      }
    }
    flush();
  }

  /**
   * A GPU keeps one program a power of two: an unused row costs it nothing, a new program a graph. On a CPU every row
   * costs, and recording does not, so the program is of just these rows.
   */
  #programOf(rows: number): DecodeProgram {
    const exact = this.#view.model.device.name === 'cpu';
    const capacity = exact ? rows : Math.min(this.#options.maxBatch, 2 ** Math.ceil(Math.log2(rows)));
    const known = this.#programs.get(capacity);
    if (known !== undefined) return known;
    if (exact) {
      for (const program of this.#programs.values()) program.dispose();
      this.#programs.clear();
    }
    const program = new DecodeProgram(this.#view, this.#pool, {
      rows: capacity,
      width: this.#width,
      unusedBlock: this.#unusedBlock,
      drawn: this.#drawn,
      options: this.#options,
    });
    this.#programs.set(capacity, program);
    return program;
  }

  /** Runs rows of prompts for their keys and values. */
  #keep(rows: readonly Row[]): void {
    const { device } = this.#view.model;
    tidy(() => {
      const ints = (values: number[], shape = [values.length]) =>
        Tensor.from(device, Int32Array.from(values), shape);
      const tables = [...new Set(rows.map(({ table }) => table))];
      const indexOf = new Map(tables.map((table, i) => [table, i]));
      const width = Math.max(...tables.map((table) => table.length));
      const padded = tables.flatMap((table) => [...table, ...Array<number>(width - table.length).fill(0)]);
      const pool = {
        slots: ints(
          rows.map(({ position, table }) => table[Math.floor(position / BLOCK)] * BLOCK + (position % BLOCK)),
        ),
        tables: ints(padded, [tables.length, width]),
        rowTable: ints(rows.map(({ table }) => indexOf.get(table)!)),
        lengths: ints(rows.map(({ position }) => position + 1)),
        reads: readsByWindow(rows, this.#view.model.config),
      };
      const asked = {
        tokens: ints(rows.map(({ token }) => token)),
        positions: ints(rows.map(({ position }) => position)),
        length: 1 + rows.reduce((most, { position }) => Math.max(most, position), 0),
        attend: (layer: number, q: Tensor, k: Tensor, v: Tensor, angles: Angles) =>
          this.#pool.attend(layer, q, k, v, angles, pool),
      };
      forwardKeys(this.#view, asked, (layer, k, v, angles) => this.#pool.write(layer, k, v, angles, pool));
    });
  }
}

/** A token to be fed, at its position in the path whose blocks are `table`. */
interface Row {
  token: number;
  position: number;
  table: readonly number[];
}

function sampleOf(answer: Answer): Sample {
  const { tokens, logprobs, samplingLogprobs, finish } = answer;
  return {
    tokens,
    logprobs: Float32Array.from(logprobs),
    ...(samplingLogprobs && { samplingLogprobs: Float32Array.from(samplingLogprobs) }),
    finish: finish!,
    ...(finish === 'error' && { error: notFinite(answer).message }),
  };
}

/** The text of an answer: without its end token and without what the chat format puts before an answer. */
export function answerText(tokenizer: Tokenizer, sample: Sample): string {
  const { tokens, finish } = sample;
  return tokenizer.decodeAnswer(finish === 'eos' ? tokens.slice(0, -1) : tokens);
}

/** For whoever can do nothing with part of the answers. @throws SelfjudgeError of the first that ended in an error */
export function assertFinished(samples: readonly (readonly Sample[])[]): void {
  const failed = samples.flat().find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new SelfjudgeError('SJ_FAULT', failed.error!);
}

function notFinite({ promptIndex, index, tokens, sequence }: Answer): SelfjudgeError {
  const place = `prompts[${promptIndex}], answer ${index}, token ${tokens.length}`;
  return new SelfjudgeError(
    'SJ_FAULT',
    `[generate] ${place}: expected finite logits, received NaN, +inf or none finite`,
    {
      promptIndex,
      index,
      token: tokens.length,
      sequence,
    },
  );
}
