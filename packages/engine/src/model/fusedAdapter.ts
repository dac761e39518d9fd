import { ArgumentError } from '@selfjudge/base';
import type { AdaptedModule } from './adapterConfig.js';
import type { LowRank, PartTensor } from './adapterParts.js';
import { linearPath, linearShape, type ModelConfig } from './config.js';
import { modulesInFiles } from './fusedRows.js';

// PEFT adapts a matrix of fused rows by one A and one B. Ours are of its parts: on the way in each takes the rows of B that
// are its own; on the way out B is block-diagonal over the parts, and A has their rows one below another.

/** The linear layers of a block as files of the family have them, by path, with [out, in]. */
export function* linearsOf(model: ModelConfig, layer: number): Generator<[string, [number, number]]> {
  for (const { module, parts } of modulesInFiles(model)) {
    const shapes = parts.map((part) => linearShape(model, part));
    const rows = shapes.reduce((sum, [out]) => sum + out, 0);
    yield [`model.layers.${layer}.${module}`, [rows, shapes[0][1]]];
  }
}

/** Low-rank matrices by the linear layers that are computed. */
export function unfusedParts(found: Map<string, LowRank>, model: ModelConfig): Map<string, LowRank> {
  const fused = modulesInFiles(model).filter(({ parts }) => parts.length > 1);
  if (fused.length === 0) return found;
  return new Map(
    [...found].flatMap(([path, whole]): [string, LowRank][] => {
      const [, layer, module] = /^model\.layers\.(\d+)\.(.+)$/.exec(path) ?? [];
      const parts = fused.find((one) => one.module === module)?.parts;
      if (parts === undefined) return [[path, whole]];
      const rows = parts.map((part) => linearShape(model, part)[0]);
      const starts = rows.map((_, i) => rows.slice(0, i).reduce((sum, n) => sum + n, 0));
      const blocks = isBlockDiagonal(whole, starts);
      return parts.map((part, i) => [
        linearPath(Number(layer), part),
        partOf(whole, starts[i], rows[i], blocks ? [i, parts.length] : [0, 1]),
      ]);
    }),
  );
}

/** Whether B is as `fusedTensors` writes it: as many columns for each part, and zero outside its rows. */
function isBlockDiagonal({ r, b }: LowRank, starts: readonly number[]): boolean {
  if (r % starts.length !== 0) return false;
  const width = r / starts.length;
  const values = b.read();
  return values.every((x, at) => {
    const row = Math.floor(at / r);
    const part = starts.findLastIndex((start) => start <= row);
    return x === 0 || Math.floor((at % r) / width) === part;
  });
}

/** What a fused adapter does to `rows` rows from `start` on, by the `block`-th of `count` equal parts of its rank. */
function partOf(
  { a, b, r, alpha, magnitude, bias }: LowRank,
  start: number,
  rows: number,
  [block, count]: [number, number],
): LowRank {
  const width = r / count;
  const [, columns] = a.shape;
  const slice = (tensor: PartTensor): PartTensor => ({
    name: tensor.name,
    shape: [rows],
    read: () => tensor.read().slice(start, start + rows),
  });
  return {
    a: {
      name: a.name,
      shape: [width, columns],
      read: () => a.read().slice(block * width * columns, (block + 1) * width * columns),
    },
    b: {
      name: b.name,
      shape: [rows, width],
      read: () => {
        const values = b.read();
        return Float32Array.from(
          { length: rows * width },
          (_, i) => values[(start + Math.floor(i / width)) * r + block * width + (i % width)],
        );
      },
    },
    r: width,
    alpha: alpha / count,
    ...(magnitude && { magnitude: slice(magnitude) }),
    ...(bias && { bias: slice(bias) }),
  };
}

/** One matrix pair of an adapter's file. */
interface FileModule extends Pick<AdaptedModule, 'r' | 'alpha'> {
  /** transformers' path. */
  path: string;
  a: () => Float32Array;
  b: () => Float32Array;
  /** [out, in]. */
  shape: [number, number];
}

/** The modules of an adapter as files of the family have them. @param modules in the order of the model's */
export function fusedModules(
  model: ModelConfig,
  modules: readonly (AdaptedModule & { a: () => Float32Array; b: () => Float32Array })[],
): FileModule[] {
  const groups = modulesInFiles(model);
  return modules.flatMap((one): FileModule[] => {
    const group = groups.find(({ parts }) => parts.includes(one.name))!;
    if (group.parts[0] !== one.name) return [];
    const parts = group.parts.map((name) => modules.find((m) => m.layer === one.layer && m.name === name)!);
    const shapes = group.parts.map((name) => linearShape(model, name));
    const rows = shapes.reduce((sum, [out]) => sum + out, 0);
    return [
      {
        path: `model.layers.${one.layer}.${group.module}`,
        r: one.r * parts.length,
        alpha: one.alpha * parts.length,
        shape: [rows, shapes[0][1]],
        a: () => concatenated(parts.map(({ a }) => a())),
        b: () =>
          parts.length === 1
            ? one.b()
            : blockDiagonal(
                parts.map(({ b }) => b()),
                one.r,
              ),
      },
    ];
  });
}

function concatenated(all: readonly Float32Array[]): Float32Array {
  if (all.length === 1) return all[0];
  const out = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const one of all) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}

/** Of matrices [rows_i, r]. */
function blockDiagonal(all: readonly Float32Array[], r: number): Float32Array {
  const width = r * all.length;
  const out = new Float32Array(all.reduce((sum, { length }) => sum + length, 0) * all.length);
  let row = 0;
  for (const [part, one] of all.entries()) {
    for (let i = 0; i < one.length; i++) out[(row + Math.floor(i / r)) * width + part * r + (i % r)] = one[i];
    row += one.length / r;
  }
  return out;
}

/** @throws ArgumentError where a matrix of the family's files would be adapted in a part, or in parts of unequal rank */
export function assertWhole(model: ModelConfig, modules: readonly AdaptedModule[]): void {
  for (const { module, parts } of modulesInFiles(model)) {
    for (const { layer, name, r, alpha } of modules) {
      if (!parts.includes(name)) continue;
      const same = modules.filter((m) => m.layer === layer && parts.includes(m.name));
      if (same.length === parts.length && same.every((m) => m.r === r && m.alpha === alpha)) continue;
      throw new ArgumentError('config.targetModules', {
        where: 'Adapter.init',
        expected: `all of ${parts.join(', ')} with one r and alpha, or none: files of this family have one matrix of them, ${module}`,
        received: same.map((m) => `${m.name} of r ${m.r}`).join(', '),
      });
    }
  }
}
