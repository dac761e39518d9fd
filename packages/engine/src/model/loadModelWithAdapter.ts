import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { Adapter } from './adapter.js';
import { adapterBase } from './adapterFiles.js';
import { LlamaModel, warnerOf, type LoadOptions } from './llama.js';
import { findModel, type FoundModel } from './paths.js';

/**
 * Loads what a path means: a model, or an adapter with the base its adapter_config.json names, which must be a path on
 * this machine (absolute, from the working folder, or from the adapter's folder), or else lie in the adapter's folder.
 *
 * @throws FileFormatError
 */
export async function loadModelWithAdapter(
  path: string,
  options: LoadOptions = {},
): Promise<{ model: LlamaModel; adapter?: Adapter }> {
  const found = findModel(path);
  if (found.kind !== 'adapter') return { model: await LlamaModel.load(found.path, options) };
  const base = basePath(found);
  const own = base === found.path;
  if (found.holdsModel === true && !own) {
    warnerOf(options)(
      `${found.path}: the model beside the adapter is not used: the adapter names ${base} as its base`,
    );
  }
  const model = await LlamaModel.load(base, { ...options, ...(own && { withoutAdapter: true }) });
  try {
    return { model, adapter: await Adapter.load(found.path, model) };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The base that is named, where it is on this machine; else the one in the folder. */
function basePath({ path: folder, holdsModel }: FoundModel): string {
  const base = adapterBase(folder);
  if (base !== undefined && existsSync(base)) return base;
  if (base !== undefined && !isAbsolute(base) && existsSync(join(folder, base))) return join(folder, base);
  if (holdsModel === true) return folder;
  throw new FileFormatError({
    path: join(folder, 'adapter_config.json'),
    expected: 'base_model_name_or_path a model on this machine',
    received: base ?? 'none',
  });
}
