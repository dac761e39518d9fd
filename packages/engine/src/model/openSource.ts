import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Tokenizer } from '@selfjudge/text';
import type { Warn } from './checkTensors.js';
import { folderSource, type ModelUse } from './folderSource.js';
import { ggufSource } from './ggufSource.js';
import type { FoundModel } from './paths.js';
import type { ModelSource } from './source.js';

/**
 * The tensors of a model that `findModel` found; of a folder with an adapter too, those of the model in it.
 * @param use 'score' for what never predicts a token: see `folderSource`
 */
export function openSource({ kind, path }: FoundModel, warn: Warn, use: ModelUse = 'text'): ModelSource {
  return kind === 'gguf' ? ggufSource(path, warn) : folderSource(path, warn, use);
}

/** The tokenizer that a folder brings, or undefined. @throws FileFormatError, ArgumentError for one that cannot be read */
export async function tokenizerIn(folder: string): Promise<Tokenizer | undefined> {
  return existsSync(join(folder, 'tokenizer.json')) ? await Tokenizer.load(folder) : undefined;
}
