import { dropoutKey, model as isModel } from '../checks.js';
import {
  check,
  instance,
  list,
  oneOf,
  optional,
  options as optionsOf,
  whole,
  type Check,
} from '@selfjudge/base/checks';
import { ArgumentError } from '@selfjudge/base';
import { linear } from '../tensor/ops/linear.js';
import { linearGroup } from '../tensor/ops/linearGroup.js';
import { linearLogprob } from '../tensor/ops/linearLogprob.js';
import { rope } from '../tensor/ops/rope.js';
import { treeAttention } from '../tensor/ops/treeAttention.js';
import { ACTIVATIONS } from '../tensor/ops/swiglu.js';
import { currentRecorder } from '../tensor/recording.js';
import { untilBackward } from '../tensor/recomputed.js';
import { tidy, type Disposable } from '../tensor/scope.js';
import { Tensor } from '../tensor/tensor.js';
import { TreeBatch } from '../tensor/treeBatch.js';
import { DeviceTree } from '../tensor/deviceTree.js';
import type { LinearAdapter } from '../tensor/vector.js';
import { isAdapter, type Adapter } from './adapter.js';
import { moduleNumber } from './adapterLayout.js';
import { attentionScale, LINEARS, windowOf, type LinearName } from './config.js';
import type { ModelShape } from './flops.js';
import { forwardRows, type AdaptedLinears, type DropoutKey, type LayerOptions } from './forward.js';
import type { ModelWeights } from './weights.js';

export interface ForwardOptions {
  /** Turns the dropout of trained adapters on. Absent: none. */
  dropout?: DropoutKey;
}

const forwardArguments = {
  batch: instance(TreeBatch),
  options: optionsOf({ dropout: optional(dropoutKey) }),
};
const linearArguments = {
  name: oneOf(...LINEARS),
  x: instance(Tensor),
  options: optionsOf({ dropout: optional(dropoutKey), activation: optional(oneOf(...ACTIVATIONS)) }),
};

const { name: isName, ...layerArguments } = linearArguments;
const linearGroupArguments = { ...layerArguments, names: list(isName) };

/**
 * A model with adapters: what samples, judges, scores and trains. Views share the model's weights and own nothing.
 * Judge, reference and policy are views of one model.
 */
export class ModelView implements AdaptedLinears {
  readonly model: ModelWeights;
  readonly adapters: readonly Adapter[];
  /**
   * Whether training keeps of each block but the last what it begins with, and backward computes the rest again: less memory for a
   * forward pass more, and the same bits.
   */
  activationRecompute = false;
  readonly #isLayer: Check;

  constructor(model: ModelWeights, adapters: readonly Adapter[] = []) {
    check('Model.view', { model, adapters }, { model: isModel, adapters: list(isAdapter) });
    if (adapters.length > 2) {
      throw new ArgumentError('adapters', {
        where: 'Model.view',
        expected: 'at most 2 (Adapter.stack makes one of many)',
        received: adapters.length,
      });
    }
    for (const adapter of adapters) adapter.assertFits(model);
    this.model = model;
    this.#isLayer = whole(0, model.layers.length - 1);
    this.adapters = [...adapters];
  }

  /** What decides how much a pass computes. */
  get shape(): ModelShape {
    const { activationRecompute, adapters } = this;
    const { config, parameterSet } = this.model;
    return { config, adapters, weightsTrained: parameterSet !== undefined, activationRecompute };
  }

  /**
   * The final hidden rows that labels or `hidden` need: [R, hiddenSize], R = batch.headRows.length. Recorded when a tape runs and
   * something is trained.
   */
  hidden(batch: TreeBatch, options: ForwardOptions = {}): Tensor {
    check('ModelView.hidden', { batch, options }, forwardArguments);
    if (batch.headRows.length === 0) {
      throw new ArgumentError('batch', {
        where: 'hidden',
        expected: 'at least one label or hidden row',
        received: 'none',
      });
    }
    const { device, config } = this.model;
    const scale = attentionScale(config);
    const recompute = this.activationRecompute;
    const kept = <T extends Disposable>(make: () => T) => (recompute ? untilBackward(make) : make());
    const tree = DeviceTree.from(device, batch);
    try {
      return tidy(() => {
        if (recompute) untilBackward(() => ({ dispose: tree.hold() }));
        const ints = (data: Int32Array, shape: number[]) => kept(() => Tensor.from(device, data, shape));
        const dropout = this.#drops() ? options.dropout : undefined;
        const keys = (rows: Int32Array) => dropout && ints(rows, [rows.length / 2, 2]);
        const all = batch.headRows.length === batch.rows;
        return forwardRows(this, {
          tokens: ints(batch.tokens, [batch.rows]),
          positions: ints(batch.positions, [batch.rows]),
          length: 1 + batch.positions.reduce((a, b) => Math.max(a, b), 0),
          rowKeys: keys(batch.rowKeys),
          dropout,
          recompute,
          attend: (layer, q, k, v, { table, positions }) => {
            const rotated = [rope(q, table, positions), rope(k, table, positions)] as const;
            return treeAttention(...rotated, v, tree, scale, windowOf(config, layer));
          },
          keep: all
            ? undefined
            : {
                rows: ints(batch.headRows, [batch.headRows.length]),
                rowKeys: keys(keysOf(batch)),
              },
        });
      });
    } finally {
      tree.dispose();
    }
  }

  /** Log-probabilities of the batch's labels, float32 [L], in the order of `batch.labels`. */
  logprobs(batch: TreeBatch, options: ForwardOptions = {}): Tensor {
    check('ModelView.logprobs', { batch, options }, forwardArguments);
    if (batch.labels.label.length === 0) {
      throw new ArgumentError('batch', {
        where: 'logprobs',
        expected: 'at least one label',
        received: 'none',
      });
    }
    return tidy(() => {
      const hidden = this.hidden(batch, options);
      const { row, label } = batch.labels;
      const { device, head } = this.model;
      const shape = [label.length];
      return linearLogprob(hidden, head, Tensor.from(device, row, shape), Tensor.from(device, label, shape));
    });
  }

  /** `logprobs` on the host. */
  async score(batch: TreeBatch): Promise<Float32Array> {
    const logprobs = this.logprobs(batch);
    try {
      return (await logprobs.read()) as Float32Array;
    } finally {
      logprobs.dispose();
    }
  }

  linear(layer: number, name: LinearName, x: Tensor, options: LayerOptions = {}): Tensor {
    this.#isLayer(layer, 'layer', 'ModelView.linear');
    check('ModelView.linear', { name, x, options }, linearArguments);
    const { rowKeys, dropout, gate, activation } = options;
    const { weight, bias, adapters } = this.#part(layer, name, x, dropout);
    const key = { seed: dropout?.seed, step: dropout?.step };
    return linear(x, weight, { bias, adapters, rowKeys, ...key, gate, activation });
  }

  linearGroup(
    layer: number,
    names: readonly LinearName[],
    x: Tensor,
    options: Omit<LayerOptions, 'gate' | 'activation'> = {},
  ): Tensor[] {
    this.#isLayer(layer, 'layer', 'ModelView.linearGroup');
    check('ModelView.linearGroup', { names, x, options }, linearGroupArguments);
    if (names.length < 2 || names.length > 3) {
      throw new ArgumentError('names', {
        where: 'ModelView.linearGroup',
        expected: '2 or 3 layers',
        received: names.length,
      });
    }
    if (currentRecorder() !== undefined || options.dropout !== undefined)
      return names.map((name) => this.linear(layer, name, x, options));
    return linearGroup(
      x,
      names.map((name) => this.#part(layer, name, x)),
    );
  }

  #part(layer: number, name: LinearName, x: Tensor, dropout?: DropoutKey) {
    const { weight, bias } = this.model.layers[layer].linears[name];
    const adapters: LinearAdapter[] = [];
    for (const adapter of this.adapters) {
      const matrices = adapter.matrices(layer, name);
      if (matrices === undefined) continue;
      adapters.push({
        ...matrices,
        start: 0,
        rows: x.shape[0],
        dropout: dropout !== undefined && adapter.trained ? adapter.config.dropout : 0,
        module: moduleNumber(layer, name),
      });
    }
    return { weight, bias, adapters };
  }

  #drops(): boolean {
    return this.adapters.some((adapter) => adapter.trained && adapter.config.dropout > 0);
  }
}

/** The keys of the rows that a head reads. */
function keysOf({ headRows, rowKeys }: TreeBatch): Int32Array {
  const keys = new Int32Array(2 * headRows.length);
  headRows.forEach((row, i) => {
    keys[2 * i] = rowKeys[2 * row];
    keys[2 * i + 1] = rowKeys[2 * row + 1];
  });
  return keys;
}
