import { FileFormatError } from '@selfjudge/base';
import { parameterSpecs, type ModelConfig } from './config.js';

/** Told of what a file holds and the model does not use. */
export type Warn = (message: string) => void;

/**
 * Every tensor of the config must be there in its shape.
 *
 * @param path of the file or index, for messages
 * @returns names of what is there besides: a model that uses it would compute something else
 * @throws FileFormatError naming the first tensor that is missing or of another shape
 */
export function checkTensors(
  path: string,
  config: ModelConfig,
  shapes: ReadonlyMap<string, readonly number[]>,
): string[] {
  const expected = new Set<string>();
  for (const { name, shape } of parameterSpecs(config)) {
    expected.add(name);
    const got = shapes.get(name);
    if (got !== undefined && got.length === shape.length && got.every((n, i) => n === shape[i])) continue;
    throw new FileFormatError({
      path,
      expected: `tensor '${name}' of shape [${shape.join(', ')}], by the config`,
      received: got === undefined ? `no such tensor${nearby(name, shapes)}` : `shape [${got.join(', ')}]`,
    });
  }
  return [...shapes.keys()].filter((name) => !expected.has(name));
}

/** `3 tensors ('a', 'b' and 1 more)`. */
export function named(names: readonly string[], what: string): string {
  const shown = names.slice(0, MOST_NAMES).map((name) => `'${name}'`);
  const rest = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.length} ${what}${names.length === 1 ? '' : 's'} (${shown.join(', ')}${rest})`;
}

const MOST_NAMES = 6;

/** What stands in a missing tensor's place, which may say what the file is. */
function nearby(name: string, shapes: ReadonlyMap<string, unknown>): string {
  const module = name.slice(0, name.lastIndexOf('.') + 1);
  const others = [...shapes.keys()].filter((other) => other.startsWith(module));
  return others.length === 0 ? '' : `, but ${named(others, 'tensor')}`;
}
