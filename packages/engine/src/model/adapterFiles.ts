import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { FileFormatError, readJsonObject } from '@selfjudge/base';
import type { AdapterParts } from './adapterParts.js';
import type { Warn } from './checkTensors.js';
import type { ModelConfig } from './config.js';
import { Safetensors } from './files/safetensors.js';
import { isMlxConfig, mlxBase, mlxParts } from './mlxParts.js';
import { peftConfig } from './peft/peftConfig.js';
import { peftParts } from './peft/peftParts.js';

const CONFIG = 'adapter_config.json';

/** The base that an adapter folder names. @throws FileFormatError */
export function adapterBase(folder: string): string | undefined {
  const path = join(folder, CONFIG);
  const json = readJsonObject(path);
  return isMlxConfig(json) ? mlxBase(json) : peftConfig(json, path, () => {}).base;
}

/**
 * An adapter folder of PEFT's or of mlx-lm's, for a language model.
 *
 * @param warn told of keys and tensors that are not used
 * @throws FileFormatError, for the adapter of a reward model too
 */
export function readAdapter(folder: string, model: ModelConfig, warn: Warn): AdapterParts {
  const parts = readParts(folder, model, warn);
  if (parts.score === undefined) return parts;
  throw new FileFormatError({
    path: join(folder, CONFIG),
    expected: 'the adapter of a language model',
    received: "that of a reward model (task_type SEQ_CLS, with 'score.weight')",
    advice:
      'It gives answers numbers (selfjudge score --reward, judge -m, --judge; RewardModel.load) and writes none.',
  });
}

/** The same of an adapter of any task. */
export function readParts(folder: string, model: ModelConfig, warn: Warn): AdapterParts {
  const path = join(folder, CONFIG);
  const json = readJsonObject(path);
  if (isMlxConfig(json)) return mlxParts(json, path, tensorsIn(folder, 'adapters'), model);
  return peftParts(peftConfig(json, path, warn), tensorsIn(folder, 'adapter_model'), model, warn);
}

function tensorsIn(folder: string, stem: string): Safetensors {
  const file = `${stem}.safetensors`;
  const isThere = [file, `${file}.index.json`].some((name) => existsSync(join(folder, name)));
  if (isThere) return Safetensors.openIn(folder, stem);
  const others = readdirSync(folder).filter((name) => /\.(safetensors|bin|npz|pt)$/.test(name));
  throw new FileFormatError({
    path: folder,
    expected: `${file} in the folder of the adapter`,
    received: others.length === 0 ? 'no such file' : others.join(', '),
    ...(others.includes(`${stem}.bin`) && {
      advice:
        'Pickled weights are not read. Save it again with PEFT: PeftModel.from_pretrained(base, folder).save_pretrained(folder).',
    }),
  });
}
