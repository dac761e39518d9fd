import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { Adapter } from './adapter.js';
import { adapterBase } from './adapterFiles.js';
import { LlamaModel, type LoadOptions } from './llama.js';
import { findModel } from './paths.js';

/**
 * Loads what a path means: a model, or an adapter with the base its adapter_config.json names, which must be a path on
 * this machine (absolute, from the working folder, or from the adapter's folder).
 *
 * @throws FileFormatError
 */
export async function loadModelWithAdapter(
  path: string,
  options: LoadOptions = {},
): Promise<{ model: LlamaModel; adapter?: Adapter }> {
  const found = findModel(path);
  if (found.kind !== 'adapter') return { model: await LlamaModel.load(found.path, options) };
  const model = await LlamaModel.load(basePath(found.path), options);
  try {
    return { model, adapter: await Adapter.load(found.path, model) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The base of an adapter folder, as the adapter names it. @throws FileFormatError where it is not on this machine */
export function basePath(folder: string): string {
  const base = adapterBase(folder);
  if (base !== undefined && existsSync(base)) return base;
  if (base !== undefined && !isAbsolute(base) && existsSync(join(folder, base))) return join(folder, base);
  throw new FileFormatError({
    path: join(folder, 'adapter_config.json'),
    expected: 'base_model_name_or_path a model on this machine',
    received: base ?? 'none',
  });
}
