import type { Input } from '../case.js';
import type { Random } from '../random.js';

function size(shape: number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Normal values of a scale; a weight's default scale keeps its products near 1. */
export function activation(random: Random, shape: number[], scale = 1): Input {
  return { role: 'activation', shape, values: random.normals(size(shape), scale) };
}

export function weight(random: Random, shape: number[], scale = 1 / Math.sqrt(shape[1])): Input {
  return { role: 'weight', shape, values: random.normals(size(shape), scale) };
}

export function vector(random: Random, shape: number[], mean = 0): Input {
  return { role: 'vector', shape, values: random.normals(size(shape), 0.5).map((x) => x + mean) };
}

export function matrix(random: Random, shape: number[], frozen = false): Input {
  return { role: 'matrix', shape, values: random.normals(size(shape), 1 / Math.sqrt(shape[1])), frozen };
}

export function float32(shape: number[], values: ArrayLike<number>): Input {
  return { role: 'float32', shape, values };
}

export function ints(values: ArrayLike<number>, shape: number[] = [values.length]): Input {
  return { role: 'ints', shape, values };
}
