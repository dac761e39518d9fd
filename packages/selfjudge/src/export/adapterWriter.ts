import { join, relative } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import { adapterGgufBytes, ggufShape, writeAdapterGguf, type ModelToMerge } from '@selfjudge/engine/internal';
import type { Tokenizer } from '@selfjudge/text';
import { ggufEntries } from '@selfjudge/text/internal';
import { savedArguments, settingsOf } from '../models/templateSettings.js';
import { baseFacts } from './baseFacts.js';
import { carryTerms } from './carriedFiles.js';
import { foldersOf, rootOf } from './foldersOf.js';
import { generalEntries } from './ggufWriter.js';
import { ollamaCommands, writeModelfile } from './ollama/writeModelfile.js';
import type { MergePlan } from './options.js';
import { BOUNDS, type Writer } from './writer.js';

const FILE = 'adapter.gguf';

/** An adapter alone, as llama.cpp puts it on a GGUF file of its base. @throws ArgumentError where there is none */
export function adapterWriter(
  model: ModelToMerge,
  tokenizer: Tokenizer | undefined,
  { quantization: type }: Extract<MergePlan, { adapterOnly: true }>,
  name: string,
): Writer {
  const { adapter, base, source } = model;
  if (adapter === undefined)
    throw new ArgumentError('adapter_only', {
      where: 'merge',
      expected: 'a run or folder with an adapter',
      received: `a whole model, ${model.path}`,
    });
  const { parts, folder: own } = adapter;
  const { unsaid } = ggufShape(source.config);
  return {
    bytes: adapterGgufBytes(parts, type),
    stored: type,
    computedIn: source.dtype,
    bound: BOUNDS[source.dtype === 'bf16' ? 'bf16' : type],
    async write(folder, onProgress) {
      onProgress(0, adapterGgufBytes(parts, type));
      const { fingerprint, folded } = await writeAdapterGguf(join(folder, FILE), source.config, parts, {
        type,
        metadata: generalEntries(name, baseFacts(rootOf(model)), type),
      });
      const folders = foldersOf(model);
      carryTerms(folders, folder);
      const notes = [...unsaid];
      if (folded.length > 0)
        notes.push(
          `${folded.length} modules have an alpha of their own, which is in their lora_b now: ${folded.slice(0, 3).join(', ')}${folded.length > 3 ? ', ...' : ''}`,
        );
      const isFile = base.kind === 'gguf';
      if (tokenizer !== undefined) {
        const { addsBos } = ggufEntries(tokenizer, source.config.vocabSize);
        const from = isFile ? base.path : './base.gguf';
        notes.push(
          ...writeModelfile(folder, {
            tokenizer: tokenizer.withTemplate(settingsOf(tokenizer, savedArguments(own), {})),
            addsBos,
            context: source.config.maxPositions,
            folders,
            from,
            adapter: `./${FILE}`,
            comments: isFile
              ? []
              : [
                  `base.gguf is a GGUF file of ${relative('', base.path)}: selfjudge merge makes one of it (--format gguf)`,
                ],
          }),
        );
      }
      return {
        files: [FILE],
        fingerprint,
        opens: FILE,
        base: base.path,
        notes,
        next: (outputDir) => ollamaCommands(outputDir, false),
      };
    },
  };
}
