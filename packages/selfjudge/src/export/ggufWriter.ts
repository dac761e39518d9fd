import { join } from 'node:path';
import { ArgumentError } from '@selfjudge/base';
import type { Device, GgufEntry } from '@selfjudge/engine';
import { ggufBytes, ggufShape, writeModelGguf, type ModelToMerge } from '@selfjudge/engine/internal';
import type { Tokenizer } from '@selfjudge/text';
import { ggufEntries } from '@selfjudge/text/internal';
import { baseFacts, type BaseFacts } from './baseFacts.js';
import { carryTerms } from './carriedFiles.js';
import { foldersOf, rootOf } from './foldersOf.js';
import type { MergePlan } from './options.js';
import { savedArguments, settingsOf } from '../models/templateSettings.js';
import { ollamaCommands, writeModelfile } from './ollama/writeModelfile.js';
import { BOUNDS, type Writer } from './writer.js';

export const GGUF_FILE = 'model.gguf';

/** llama.cpp's numbers of what most of a file is. */
const FILE_TYPES = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7, BF16: 32 } as const;

/** A GGUF file as llama.cpp opens it. @throws ArgumentError for a model that has no such form */
export function ggufWriter(
  model: ModelToMerge,
  tokenizer: Tokenizer | undefined,
  { quantization }: Extract<MergePlan, { format: 'gguf' }>,
  { name, device }: { name: string; device: Device },
): Writer {
  const refuse = (expected: string, received: string): never => {
    throw new ArgumentError('format', { where: 'merge', expected, received });
  };
  if (model.reward !== undefined)
    refuse('safetensors for a reward model: GGUF has no form for its head', 'gguf');
  if (tokenizer === undefined)
    return refuse('a model with a tokenizer, which a GGUF file holds', `none in ${model.path}`);
  const { source } = model;
  const { unsaid } = ggufShape(source.config);
  const words = ggufEntries(tokenizer, source.config.vocabSize);
  const beside = source.origin?.beside ?? [];
  return {
    bytes: ggufBytes(model, quantization),
    stored: quantization,
    computedIn: quantization === 'F32' ? 'float32' : source.dtype,
    bound: BOUNDS[quantization],
    async write(folder, onProgress) {
      const metadata: GgufEntry[] = [
        { key: 'general.type', type: 'string', value: 'model' },
        ...generalEntries(name, baseFacts(rootOf(model)), quantization),
        ...words.entries,
      ];
      const { fingerprint, halves } = await writeModelGguf(join(folder, GGUF_FILE), model, {
        type: quantization,
        metadata,
        device,
        onProgress,
      });
      const folders = foldersOf(model);
      carryTerms(folders, folder);
      const own = model.adapter?.folder ?? model.path;
      const ofTemplate = writeModelfile(folder, {
        tokenizer: tokenizer.withTemplate(settingsOf(tokenizer, savedArguments(own), {})),
        addsBos: words.addsBos,
        context: source.config.maxPositions,
        folders,
        from: `./${GGUF_FILE}`,
      });
      const notes = [...unsaid, ...words.unsaid, ...ofTemplate];
      if (halves.length > 0)
        notes.push(
          `${halves.length} matrices are F16, as their rows are no multiple of 32 values: ${halves.slice(0, 4).join(', ')}${halves.length > 4 ? ', ...' : ''}`,
        );
      if (beside.length > 0)
        notes.push(
          `the file holds the text model alone; ${beside.length} tensors of other parts of ${model.base.path} are not in it`,
        );
      return {
        files: [GGUF_FILE],
        fingerprint,
        opens: GGUF_FILE,
        notes,
        plainIds: words.unsaid.length > 0,
        next: (outputDir) => ollamaCommands(outputDir, quantization === 'F16' || quantization === 'F32'),
      };
    },
  };
}

/** Keys of what a file is. @param title of the model */
export function generalEntries(
  title: string,
  { name, isHubs, license, languages }: BaseFacts,
  quantization: keyof typeof FILE_TYPES,
): GgufEntry[] {
  const [owner, own] = isHubs ? name.split('/') : [undefined, name];
  const texts: [string, string | readonly string[] | undefined][] = [
    ['name', title],
    ['license', license?.id],
    ['license.name', license?.name],
    ['license.link', license?.link],
    ['base_model.0.name', own],
    ['base_model.0.organization', owner],
    ['base_model.0.repo_url', isHubs ? `https://huggingface.co/${name}` : undefined],
    ['tags', ['selfjudge', 'text-generation']],
    ['languages', languages.length > 0 ? languages : undefined],
  ];
  return [
    ...texts.flatMap(([key, value]): GgufEntry[] =>
      value === undefined ? [] : [{ key: `general.${key}`, type: 'string', value }],
    ),
    { key: 'general.base_model.count', type: 'u32', value: 1 },
    { key: 'general.quantization_version', type: 'u32', value: 2 },
    { key: 'general.file_type', type: 'u32', value: FILE_TYPES[quantization] },
  ];
}
