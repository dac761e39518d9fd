import type { Device } from '@selfjudge/engine';
import { folderBytes, writeModelFolder, type ModelToMerge } from '@selfjudge/engine/internal';
import type { Tokenizer } from '@selfjudge/text';
import { carryTemplate } from '../models/judgeTemplate.js';
import { saveArguments, savedArguments } from '../models/templateSettings.js';
import { carryTrainingData } from '../models/trainingData.js';
import { carryGeneration, carryTerms, carryTokenizer } from './carriedFiles.js';
import { foldersOf } from './foldersOf.js';
import type { MergePlan } from './options.js';
import { BOUNDS, type Writer } from './writer.js';

/** A folder as transformers opens it. */
export function folderWriter(
  model: ModelToMerge,
  tokenizer: Tokenizer | undefined,
  { dtype = model.source.stored, maxShardBytes }: Extract<MergePlan, { format: 'safetensors' }>,
  device: Device,
): Writer {
  const { source, reward } = model;
  return {
    bytes: folderBytes(model, dtype),
    stored: dtype,
    computedIn: dtype === 'float32' ? dtype : source.dtype,
    bound: BOUNDS[dtype],
    async write(folder, onProgress) {
      const { fingerprint, files } = await writeModelFolder(folder, model, {
        dtype,
        maxShardBytes,
        device,
        onProgress,
      });
      const folders = foldersOf(model);
      const notes = tokenizer === undefined ? [] : await carryTokenizer(tokenizer, folders, folder);
      if (reward === undefined)
        notes.push(...carryGeneration(folders, folder, { tokenizer, config: source.config }));
      carryTerms(folders, folder);
      const own = model.adapter?.folder ?? model.path;
      carryTemplate(own, folder);
      saveArguments({ arguments: savedArguments(own) }, folder);
      carryTrainingData(own, folder);
      return { files, fingerprint, opens: '.', notes };
    },
  };
}
