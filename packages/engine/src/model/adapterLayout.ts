import { ArgumentError } from '@selfjudge/base';
import { configOf, modulesOf, type AdaptedModule, type AdapterConfig } from './adapterConfig.js';
import type { AdapterParts } from './adapterParts.js';
import { LINEARS, linearPath, linearShape, type LinearName, type ModelConfig } from './config.js';

/** The number of a linear layer that keys its adapter's dropout. */
export function moduleNumber(layer: number, name: LinearName): number {
  return layer * LINEARS.length + LINEARS.indexOf(name);
}

/** Names (PEFT's) and shapes: per adapted module A [r, in], then B [out, r]. */
export function adapterSpecs(model: ModelConfig, config: AdapterConfig): { name: string; shape: number[] }[] {
  return modulesOf(config, model.layers).flatMap(({ layer, name, r }) => {
    const [rows, columns] = linearShape(model, name);
    const path = `base_model.model.${linearPath(layer, name)}`;
    return [
      { name: `${path}.lora_A.weight`, shape: [r, columns] },
      { name: `${path}.lora_B.weight`, shape: [rows, r] },
    ];
  });
}

/** The adapted layers of what a folder holds, in the order of the model's. */
export function* modulesIn({ lowRank }: AdapterParts, model: ModelConfig): Generator<AdaptedModule> {
  for (let layer = 0; layer < model.layers; layer++) {
    for (const name of LINEARS) {
      const found = lowRank.get(linearPath(layer, name));
      if (found !== undefined) yield { layer, name, r: found.r, alpha: found.alpha };
    }
  }
}

/** The config of the sum of adapters. */
export function stackedConfig(configs: readonly AdapterConfig[], layers: number): AdapterConfig {
  const whole = {
    r: configs.reduce((sum, { r }) => sum + r, 0),
    alpha: configs.reduce((sum, { alpha }) => sum + alpha, 0),
    dropout: Math.max(...configs.map(({ dropout }) => dropout)),
    targetModules: LINEARS.filter((name) => configs.some((one) => one.targetModules.includes(name))),
  };
  if (configs.every(({ modules }) => modules === undefined)) return whole;
  const sums = new Map<number, AdaptedModule>();
  for (const { layer, name, r, alpha } of configs.flatMap((one) => modulesOf(one, layers))) {
    const key = moduleNumber(layer, name);
    const sum = sums.get(key) ?? { layer, name, r: 0, alpha: 0 };
    sums.set(key, { ...sum, r: sum.r + r, alpha: sum.alpha + alpha });
  }
  const modules = [...sums].sort(([a], [b]) => a - b).map(([, module]) => module);
  return configOf(modules, whole, layers);
}

/** The config with its layers in the order of the model's. */
export function ordered(config: AdapterConfig, layers: number): AdapterConfig {
  const { r, alpha, dropout, targetModules, modules } = config;
  if (modules === undefined)
    return { r, alpha, dropout, targetModules: LINEARS.filter((name) => targetModules.includes(name)) };
  const number = ({ layer, name }: AdaptedModule) => moduleNumber(layer, name);
  const sorted = [...modules].sort((a, b) => number(a) - number(b));
  const wrong = sorted.find(
    (one, i) => one.layer >= layers || (i > 0 && number(one) === number(sorted[i - 1])),
  );
  if (wrong === undefined) return configOf(sorted, { r, alpha, dropout }, layers);
  throw new ArgumentError('config.modules', {
    where: 'Adapter.init',
    expected: `linear layers of blocks 0 to ${layers - 1}, each once`,
    received: `${wrong.name} of ${wrong.layer}`,
  });
}
