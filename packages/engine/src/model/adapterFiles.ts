import { join } from 'node:path';

import { FileFormatError } from '@selfjudge/base';
import { adapterConfigFromPeft, type AdapterConfig } from './adapterConfig.js';
import { LINEARS, linearPath, type LinearName, type ModelConfig } from './config.js';
import { readJson } from '@selfjudge/base';
import { Safetensors } from './files/safetensors.js';

const NAME = /^base_model\.model\.(model\.layers\.\d+\.(?:self_attn|mlp)\.(\w+))\.lora_[AB]\.weight$/;

/** The base that an adapter folder names. @throws FileFormatError */
export function adapterBase(folder: string): string | undefined {
  const path = join(folder, 'adapter_config.json');
  return adapterConfigFromPeft(readJson(path), path).base;
}

/**
 * An adapter folder of PEFT's.
 *
 * @returns its config, the base it names, and by name a check of a matrix's shape and a reader of it as float32
 * @throws FileFormatError
 */
export function readAdapterFiles(
  folder: string,
  model: ModelConfig,
): {
  config: AdapterConfig;
  base?: string;
  check: (name: string, shape: readonly number[]) => void;
  read: (name: string) => Float32Array;
} {
  const configPath = join(folder, 'adapter_config.json');
  const { r, alpha, dropout, targets, base } = adapterConfigFromPeft(readJson(configPath), configPath);
  const file = Safetensors.openIn(folder, 'adapter_model');
  const known = new Set(
    Array.from({ length: model.layers }, (_, layer) => LINEARS.map((name) => linearPath(layer, name))).flat(),
  );
  const present = new Set<LinearName>();
  for (const name of file.tensors.keys()) {
    const [, path, last] = NAME.exec(name) ?? [];
    if (path === undefined || !known.has(path)) {
      throw new FileFormatError({
        path: file.path,
        expected: 'lora_A and lora_B of linear layers of this model only',
        received: `'${name}'`,
      });
    }
    present.add(last as LinearName);
  }
  const targetModules = LINEARS.filter(
    (name) => (targets ?? [...present]).includes(name) || present.has(name),
  );
  const check = (name: string, shape: readonly number[]): void => {
    const got = file.tensors.get(name)?.shape;
    if (got === undefined || got.length !== 2 || got[0] !== shape[0] || got[1] !== shape[1]) {
      throw new FileFormatError({
        path: file.path,
        expected: `'${name}' of shape [${shape.join(', ')}]`,
        received: got === undefined ? 'no such tensor' : `shape [${got.join(', ')}]`,
      });
    }
  };
  const read = (name: string): Float32Array => {
    const tensor = file.read(name);
    return tensor.dtype === 'float32' ? tensor.data : widen(tensor.data);
  };
  return { config: { r, alpha, dropout, targetModules }, base, check, read };
}

function widen(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}
