import type { Tokenizer } from '@selfjudge/text';
import { checkVocabulary } from '@selfjudge/text/internal';
import type { ModelConfig } from './config.js';
import { basePath } from './loadModelWithAdapter.js';
import { findModel } from './paths.js';
import { folderSource, ggufSource } from './source.js';

/** What is known of a model before its weights are read. */
export interface ModelFacts {
  /** The folder or file that was meant by the path: final/ of a run folder. */
  path: string;
  config: ModelConfig;
  tokenizer?: Tokenizer;
}

/**
 * What `loadModelWithAdapter` would open, without weights: only headers are read.
 * @throws FileFormatError, ArgumentError
 */
export async function modelFacts(path: string): Promise<ModelFacts> {
  const found = findModel(path);
  const model = found.kind === 'adapter' ? findModel(basePath(found.path)) : found;
  const source = model.kind === 'gguf' ? ggufSource(model.path) : folderSource(model.path);
  const tokenizer = await source.tokenizer();
  if (tokenizer !== undefined) checkVocabulary(tokenizer, source.config.vocabSize);
  return { path: found.path, config: source.config, ...(tokenizer && { tokenizer }) };
}
