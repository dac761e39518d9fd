import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { FileFormatError, readJsonObject } from '@selfjudge/base';
import { checkpointName, checkpointSteps, readExactly, RUN_LAYOUT, withFile } from '@selfjudge/base/internal';
import { firstShards } from './files/ggufSplit.js';

export interface FoundModel {
  kind: 'folder' | 'gguf' | 'adapter';
  path: string;
  /** Of an adapter: whether its folder also holds a model, with config.json and weights. */
  holdsModel?: boolean;
}

/**
 * What a path given for a model means: a GGUF file, known by its first bytes; a folder with config.json, an adapter folder,
 * a folder with one GGUF model, be it in shards, or a run folder, whose `final/` is meant or, while there is none, its
 * latest `checkpoints/step-N/`.
 *
 * @throws FileFormatError saying what was looked for
 */
export function findModel(path: string): FoundModel {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new FileFormatError({
      path,
      expected: 'a model folder, run folder or GGUF file',
      received: 'nothing there',
      ...(/^[\w.-]+\/[\w.-]+$/.test(path) && {
        advice: `If it is a name on the Hugging Face Hub: selfjudge pull hf://${path} downloads it and prints its folder.`,
      }),
    });
  }
  if (stat.isFile()) return { kind: 'gguf', path: ggufFile(path) };
  const names = readdirSync(path);
  const weights = names.some((name) => /^model\.safetensors(\.index\.json)?$/.test(name));
  const config = names.includes('config.json');
  if (names.includes('adapter_config.json')) {
    return { kind: 'adapter', path, ...(config && weights && { holdsModel: true }) };
  }
  const files = firstShards(names.filter((name) => name.toLowerCase().endsWith('.gguf')));
  // A repository of GGUF files often has the config.json of what they were made of.
  if (config && (weights || files.length === 0)) return { kind: 'folder', path };
  const final = join(path, RUN_LAYOUT.final);
  if (existsSync(final)) return findModel(final);
  const checkpoints = join(path, RUN_LAYOUT.checkpoints);
  const step = checkpointSteps(checkpoints).at(-1);
  if (step !== undefined) return findModel(join(checkpoints, checkpointName(step)));
  if (files.length === 1) return { kind: 'gguf', path: join(path, files[0]) };
  throw new FileFormatError({
    path,
    expected: 'config.json, adapter_config.json, final/, checkpoints/step-N/ or one GGUF file in this folder',
    received: files.length > 1 ? `${files.length} GGUF files` : 'none of them',
    ...(files.length > 1 && { advice: `Give one of them: ${files.slice(0, 6).join(', ')}.` }),
  });
}

/** What files begin with that people take for a GGUF file, and what to do with them. */
const OTHERS: readonly [beginning: string, name: string, advice: string][] = [
  [
    'tjgg',
    'a file of llama.cpp before GGUF (GGJT)',
    "Convert it with llama.cpp's convert-llama-ggml-to-gguf.py.",
  ],
  [
    'lmgg',
    'a file of llama.cpp before GGUF (GGML)',
    "Convert it with llama.cpp's convert-llama-ggml-to-gguf.py.",
  ],
  [
    'PK\u0003\u0004',
    'a file of PyTorch',
    'Give the folder of the model, saved with save_pretrained as safetensors.',
  ],
];

/** @returns the path of a GGUF file, whatever its name */
function ggufFile(path: string): string {
  const head = withFile(path, (fd, size) => readExactly(fd, path, 0, Math.min(size, 16)).toString('latin1'));
  if (head.startsWith('GGUF') || path.toLowerCase().endsWith('.gguf')) return path;
  const [, received, advice] = /^.{8}\{/s.test(head)
    ? ['', 'a safetensors file', 'Give the folder it is in, with its config.json.']
    : (OTHERS.find(([beginning]) => head.startsWith(beginning)) ?? ['', 'another file', undefined]);
  throw new FileFormatError({
    path,
    expected: 'a model folder, run folder or GGUF file',
    received,
    ...(advice !== undefined && { advice }),
  });
}

/** Whether what a path means says of itself that it is for sequence classification. */
export function holdsReward(path: string): boolean {
  const { kind, path: at } = findModel(path);
  if (kind === 'gguf') return false;
  if (kind === 'adapter') return readJsonObject(join(at, 'adapter_config.json')).task_type === 'SEQ_CLS';
  const { architectures } = readJsonObject(join(at, 'config.json'));
  return Array.isArray(architectures) && String(architectures[0]).endsWith('ForSequenceClassification');
}
