import { linearPath } from '@selfjudge/engine/internal';
import type { LinearName, ModelConfig } from '@selfjudge/engine';
import { moduleNumber } from '@selfjudge/engine/internal';
import { ropeRows } from '@selfjudge/engine/internal';
import { matrix, type Autodiff, type Matrix } from './autodiff.js';
import { philox } from './philox.js';

/** A low-rank adapter whose matrices are under PEFT's names. */
export interface ReferenceAdapter {
  matrices: ReadonlyMap<string, Matrix>;
  /** alpha / r. */
  scale: number;
  /** Probability of dropping an element of its input; 0 for a frozen one. */
  dropout: number;
}

export interface ReferenceModel {
  config: ModelConfig;
  /** Under transformers' names; vectors as one row. */
  weights: ReadonlyMap<string, Matrix>;
  adapters: readonly ReferenceAdapter[];
}

/** A path of its own, not packed with others. */
export interface ReferencePath {
  tokens: ArrayLike<number>;
  /** [T * 2], the hash of each row's path. */
  rowKeys: ArrayLike<number>;
  seed: number;
  step: number;
}

/** The whole log-softmax of the Llama forward pass on one path: [T, vocabSize]. */
export function referenceLogprobs(ad: Autodiff, model: ReferenceModel, path: ReferencePath): Matrix {
  const { config, weights } = model;
  const head = get(weights, config.tieWordEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  const logits = ad.timesTransposed(referenceHidden(ad, model, path), head);
  const lse = ad.map(ad.sumRows(exp(ad, logits)), Math.log, (s) => 1 / s);
  return ad.add(logits, negated(ad, lse));
}

/** The final hidden rows of the Llama forward pass on one path: [T, hiddenSize]. */
export function referenceHidden(ad: Autodiff, model: ReferenceModel, path: ReferencePath): Matrix {
  const { config, weights } = model;
  let x = ad.gather(get(weights, 'model.embed_tokens.weight'), path.tokens);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const linear = (name: LinearName, input: Matrix) => referenceLinear(ad, model, path, layer, name, input);
    const normed = rmsNorm(ad, x, get(weights, `${at}.input_layernorm.weight`), config.rmsNormEps);
    const q = linear('q_proj', normed);
    const k = linear('k_proj', normed);
    const v = linear('v_proj', normed);
    x = ad.add(x, linear('o_proj', attention(ad, config, q, k, v)));
    const after = rmsNorm(ad, x, get(weights, `${at}.post_attention_layernorm.weight`), config.rmsNormEps);
    const gated = ad.multiply(silu(ad, linear('gate_proj', after)), linear('up_proj', after));
    x = ad.add(x, linear('down_proj', gated));
  }
  return rmsNorm(ad, x, get(weights, 'model.norm.weight'), config.rmsNormEps);
}

function referenceLinear(
  ad: Autodiff,
  { weights, adapters }: ReferenceModel,
  path: ReferencePath,
  layer: number,
  name: LinearName,
  x: Matrix,
): Matrix {
  const module = linearPath(layer, name);
  let y = ad.timesTransposed(x, get(weights, `${module}.weight`));
  const bias = weights.get(`${module}.bias`);
  if (bias !== undefined) y = ad.add(y, bias);
  for (const { matrices, scale, dropout } of adapters) {
    const a = matrices.get(`base_model.model.${module}.lora_A.weight`);
    const b = matrices.get(`base_model.model.${module}.lora_B.weight`);
    if (a === undefined || b === undefined) continue;
    const mask = dropoutMask(path, moduleNumber(layer, name), dropout, x.columns);
    const low = ad.timesTransposed(ad.multiply(x, mask), a);
    const delta = ad.timesTransposed(low, b);
    y = ad.add(
      y,
      ad.map(
        delta,
        (d) => scale * d,
        () => scale,
      ),
    );
  }
  return y;
}

/** [T, columns]: 1 / (1 - p) where an element is kept, else 0. */
function dropoutMask(path: ReferencePath, module: number, p: number, columns: number): Matrix {
  const rows = path.tokens.length;
  const mask = new Float64Array(rows * columns).fill(1);
  if (p === 0) return matrix(mask, columns);
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < columns; first += 4) {
      const counter = [module, path.rowKeys[2 * row], path.rowKeys[2 * row + 1], first / 4];
      const words = philox(counter, [path.seed, path.step]);
      for (let c = first; c < Math.min(first + 4, columns); c++) {
        mask[row * columns + c] = words[c - first] >= p * 2 ** 32 ? 1 / (1 - p) : 0;
      }
    }
  }
  return matrix(mask, columns);
}

/** Causal attention with grouped heads, q and k rotated by their positions first. */
function attention(ad: Autodiff, config: ModelConfig, q: Matrix, k: Matrix, v: Matrix): Matrix {
  const { heads, kvHeads, headDim } = config;
  const causal = matrix(
    Float64Array.from({ length: q.rows ** 2 }, (_, i) => (i % q.rows <= Math.floor(i / q.rows) ? 1 : 0)),
    q.rows,
  );
  const head = (x: Matrix, h: number) => ad.columns(x, h * headDim, (h + 1) * headDim);
  const outputs = Array.from({ length: heads }, (_, h) => {
    const group = Math.floor(h / (heads / kvHeads));
    const scores = ad.timesTransposed(rotate(ad, config, head(q, h)), rotate(ad, config, head(k, group)));
    const scale = 1 / Math.sqrt(headDim);
    const weights = ad.multiply(
      exp(
        ad,
        ad.map(
          scores,
          (s) => scale * s,
          () => scale,
        ),
      ),
      causal,
    );
    const share = ad.map(
      ad.sumRows(weights),
      (s) => 1 / s,
      (s) => -1 / s ** 2,
    );
    return ad.times(ad.multiply(weights, share), head(v, group));
  });
  return ad.beside(outputs);
}

/** Rotary embedding of one head, with the angles that the model stores in float32. */
function rotate(ad: Autodiff, config: ModelConfig, x: Matrix): Matrix {
  const dim = config.headDim;
  const half = dim / 2;
  const table = ropeRows(config, 0, x.rows);
  const angles = (offset: number) =>
    matrix(
      Float64Array.from(table, (_, i) => table[Math.floor(i / dim) * dim + offset + (i % half)]),
      dim,
    );
  const turned = ad.beside([negated(ad, ad.columns(x, half, dim)), ad.columns(x, 0, half)]);
  return ad.add(ad.multiply(x, angles(0)), ad.multiply(turned, angles(half)));
}

function rmsNorm(ad: Autodiff, x: Matrix, weight: Matrix, eps: number): Matrix {
  const dim = x.columns;
  const scale = ad.map(
    ad.sumRows(ad.multiply(x, x)),
    (s) => (s / dim + eps) ** -0.5,
    (s) => (-0.5 / dim) * (s / dim + eps) ** -1.5,
  );
  return ad.multiply(ad.multiply(x, scale), weight);
}

function silu(ad: Autodiff, x: Matrix): Matrix {
  const sigmoid = (t: number) => 1 / (1 + Math.exp(-t));
  return ad.multiply(
    x,
    ad.map(x, sigmoid, (t) => sigmoid(t) * (1 - sigmoid(t))),
  );
}

function exp(ad: Autodiff, x: Matrix): Matrix {
  return ad.map(x, Math.exp, Math.exp);
}

function negated(ad: Autodiff, x: Matrix): Matrix {
  return ad.map(
    x,
    (value) => -value,
    () => -1,
  );
}

function get(map: ReadonlyMap<string, Matrix>, name: string): Matrix {
  const found = map.get(name);
  if (found === undefined) throw new Error(`no matrix ${name}`);
  return found;
}
