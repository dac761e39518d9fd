import { FileFormatError } from '@selfjudge/base';
import { linearPath, LINEARS, linearShape, type LinearName, type ModelConfig } from './config.js';
import { familyOf } from './families/index.js';
import type { RowRange } from './files/rows.js';
import type { HostTensor } from './files/safetensors.js';
import { partsOf, type TensorToWrite, type TensorValues } from './files/writeSafetensors.js';

/** The fused matrices of a block that files of the model's family have. */
export function fusedIn(config: ModelConfig): typeof FUSED {
  return familyOf(config)?.fused === true ? FUSED : [];
}

/** The modules of a block's linear layers as files of the family have them, by transformers' path in the block. */
export function modulesInFiles(config: ModelConfig): { module: string; parts: readonly LinearName[] }[] {
  const fused = fusedIn(config);
  const alone = LINEARS.filter((name) => !fused.some(({ parts }) => parts.includes(name)));
  const path = (name: LinearName) => linearPath(0, name).replace('model.layers.0.', '');
  return [...fused, ...alone.map((name) => ({ module: path(name), parts: [name] }))];
}

/** Matrices that some families store as one, rows of the first above those of the next. */
export const FUSED: readonly { module: string; parts: readonly LinearName[] }[] = [
  { module: 'self_attn.qkv_proj', parts: ['q_proj', 'k_proj', 'v_proj'] },
  { module: 'mlp.gate_up_proj', parts: ['gate_proj', 'up_proj'] },
];

/**
 * The reader of a file whose family fuses rows, by the names of the parts; `shapes` then has these. That of another family
 * is `read` itself.
 *
 * @throws FileFormatError for a matrix of other than the rows of its parts
 */
export function unfused(
  path: string,
  config: ModelConfig,
  shapes: Map<string, number[]>,
  read: (name: string, rows?: RowRange) => HostTensor,
): (name: string, rows?: RowRange) => HostTensor {
  if (familyOf(config)?.fused !== true) return read;
  const from = new Map<string, { name: string; start: number; rows: number }>();
  for (const [name, shape] of Array.from(shapes)) {
    const fused = fusedTensor(name);
    if (fused === undefined) continue;
    const { stem, kind, parts } = fused;
    let start = 0;
    for (const part of parts) {
      const [rows] = linearShape(config, part);
      from.set(`${stem}${part}.${kind}`, { name, start, rows });
      shapes.set(`${stem}${part}.${kind}`, [rows, ...shape.slice(1)]);
      start += rows;
    }
    if (shape[0] !== start)
      throw new FileFormatError({
        path,
        expected: `'${name}' of ${start} rows, by the config`,
        received: `shape [${shape.join(', ')}]`,
      });
    shapes.delete(name);
  }
  return (name, rows) => {
    const part = from.get(name);
    if (part === undefined) return read(name, rows);
    const { from: first, to } = rows ?? { from: 0, to: part.rows };
    return read(part.name, { ...rows, from: part.start + first, to: part.start + to });
  };
}

/** What a fused tensor is made of, or undefined for another. */
function fusedTensor(name: string) {
  for (const { module, parts } of FUSED) {
    const [, layer, kind] =
      new RegExp(`^(model\\.layers\\.\\d+\\.)${module.replace('.', '\\.')}\\.(weight|bias)$`).exec(name) ??
      [];
    if (layer !== undefined) return { stem: `${layer}${module.split('.')[0]}.`, kind, parts };
  }
  return undefined;
}

/** The tensors as the family's files hold them: parts of a fused matrix as one, in the place of the first. */
export function fused(tensors: readonly TensorToWrite[], config: ModelConfig): TensorToWrite[] {
  if (familyOf(config)?.fused !== true) return [...tensors];
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return tensors.flatMap((tensor) => {
    for (const { module, parts } of FUSED) {
      const at = parts.findIndex((part) => tensor.name.includes(`.${part}.`));
      if (at < 0) continue;
      if (at > 0) return [];
      const all = parts.map((part) => byName.get(tensor.name.replace(`.${parts[0]}.`, `.${part}.`))!);
      const name = tensor.name.replace(/[^.]+\.[^.]+\.(weight|bias)$/, `${module}.$1`);
      return [{ ...tensor, name, shape: [rowsOf(all), ...tensor.shape.slice(1)], values: () => inTurn(all) }];
    }
    return [tensor];
  });
}

const rowsOf = (tensors: readonly TensorToWrite[]) => tensors.reduce((sum, { shape }) => sum + shape[0], 0);

async function* inTurn(tensors: readonly TensorToWrite[]): AsyncIterable<TensorValues> {
  for (const { values } of tensors) yield* partsOf(values());
}
