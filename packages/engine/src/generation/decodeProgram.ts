import { forwardRows } from '../model/forward.js';
import type { ModelView } from '../model/view.js';
import { copyTo } from '../tensor/ops/copy.js';
import { feedTokens } from '../tensor/ops/feedTokens.js';
import { linearSample } from '../tensor/ops/linearSample.js';
import type { WindowReads } from '../tensor/ops/treeAttentionPool.js';
import { Program } from '../tensor/program.js';
import { owned, tidy } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { BLOCK, readsByWindow, type KvPool } from './kvPool.js';
import type { SamplingOptions } from './options.js';

/** An answer's next row: its last token at its position in the path whose blocks are `table`. */
export interface DecodeRow {
  /** The row that drew this token in the step before; -1: it is `token`. */
  from: number;
  token: number;
  position: number;
  table: readonly number[];
  sequence: number;
}

/** Where each input lies among the int32 values that one upload brings, for R rows and tables of C blocks. */
const layout = (rows: number, width: number) => {
  let end = 0;
  const take = (shape: number[]) => {
    const at = end;
    end += shape.reduce((a, b) => a * b, 1);
    return { at, shape };
  };
  const parts = {
    given: take([rows]),
    from: take([rows]),
    positions: take([rows]),
    slots: take([rows]),
    rowTable: take([rows]),
    lengths: take([rows]),
    keys: take([rows, 2]),
    tables: take([rows, width]),
  };
  return { parts, size: end };
};

/**
 * One step of decoding as a Program for up to `rows` rows: feeds the last token of each answer and draws the next. Rows
 * not needed in a step write to a block of no path and are not read.
 */
export class DecodeProgram {
  readonly rows: number;
  readonly #view: ModelView;
  readonly #pool: KvPool;
  readonly #width: number;
  readonly #layout: ReturnType<typeof layout>;
  readonly #unused: DecodeRow;
  readonly #inputs: Tensor;
  readonly #drawn: Tensor;
  readonly #options: SamplingOptions;
  readonly #length: number;
  #program: Program<[tokens: Tensor, logp: Tensor, samplingLogp: Tensor]> | undefined;

  /**
   * @param width most blocks a path can have; @param unusedBlock a block that no path holds
   * @param drawn int32 [at least rows]: what the step before drew, be it of another program; then what this one draws
   */
  constructor(
    view: ModelView,
    pool: KvPool,
    {
      rows,
      width,
      unusedBlock,
      drawn,
      options,
    }: { rows: number; width: number; unusedBlock: number; drawn: Tensor; options: SamplingOptions },
  ) {
    this.rows = rows;
    this.#view = view;
    this.#pool = pool;
    this.#width = width;
    this.#unused = { from: -1, token: 0, position: 0, table: [unusedBlock], sequence: 0 };
    this.#drawn = drawn;
    this.#options = options;
    this.#length = Math.min(width * BLOCK, view.model.config.maxPositions);
    this.#layout = layout(rows, width);
    this.#inputs = owned(() => Tensor.empty(view.model.device, [this.#layout.size], 'int32'));
  }

  /** Tokens and log-probabilities of the first `rows.length` rows, in tensors that the next run overwrites. */
  run(rows: readonly DecodeRow[]): [tokens: Tensor, logp: Tensor, samplingLogp: Tensor] {
    const { device } = this.#view.model;
    const all = Array.from({ length: this.rows }, (_, i) => rows[i] ?? this.#unused);
    const reads = readsByWindow(all, this.#view.model.config);
    tidy(() => copyTo(Tensor.from(device, this.#values(all), this.#inputs.shape), this.#inputs));
    if (this.#program === undefined) {
      this.#view.model.rotary.prepare(this.#length); // an upload, which recording would refuse
      this.#program = Program.record(device, () => this.#step(reads));
    } else {
      this.#program.run(reads);
    }
    return this.#program.outputs;
  }

  dispose(): void {
    this.#program?.dispose();
    this.#inputs.dispose();
  }

  #values(rows: readonly DecodeRow[]): Int32Array {
    const { parts, size } = this.#layout;
    const values = new Int32Array(size);
    rows.forEach(({ token, from, position, table, sequence }, i) => {
      values[parts.given.at + i] = token;
      values[parts.from.at + i] = from;
      values[parts.positions.at + i] = position;
      values[parts.slots.at + i] = table[Math.floor(position / BLOCK)] * BLOCK + (position % BLOCK);
      values[parts.rowTable.at + i] = i;
      values[parts.lengths.at + i] = position + 1;
      values[parts.keys.at + 2 * i] = sequence;
      values[parts.keys.at + 2 * i + 1] = position + 1;
      values.set(table, parts.tables.at + i * this.#width);
    });
    return values;
  }

  #step(reads: readonly WindowReads[]): [tokens: Tensor, logp: Tensor, samplingLogp: Tensor] {
    const { head } = this.#view.model;
    const { parts } = this.#layout;
    const input = ({ at, shape }: { at: number; shape: number[] }) => this.#inputs.view(at, shape);
    const pool = {
      slots: input(parts.slots),
      tables: input(parts.tables),
      rowTable: input(parts.rowTable),
      lengths: input(parts.lengths),
      reads,
    };
    const hidden = forwardRows(this.#view, {
      tokens: feedTokens(this.#drawn, input(parts.given), input(parts.from)),
      positions: input(parts.positions),
      length: this.#length,
      attend: (layer, q, k, v, angles) => this.#pool.attend(layer, q, k, v, angles, pool),
    });
    const { tokens, logp, samplingLogp } = linearSample(hidden, head, input(parts.keys), this.#options);
    copyTo(tokens, this.#drawn.view(0, [this.rows]));
    return [tokens, logp, samplingLogp];
  }
}
