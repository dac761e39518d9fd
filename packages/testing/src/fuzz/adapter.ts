import { Adapter } from '@selfjudge/engine';
import { adapterConfigToPeft } from '@selfjudge/engine/internal';
import { LINEARS } from '@selfjudge/engine';
import { linearPath, linearShape } from '@selfjudge/engine/internal';
import { tinyModel } from '../tinyModel.js';
import { FuzzFolder } from './folder.js';
import type { FuzzCase, FuzzTarget } from './fuzz.js';
import { mutateJson } from './json.js';
import { smallConfig } from './modelConfig.js';
import { float32Tensors, mutateSafetensors, safetensorsFile } from './safetensors.js';

/** An adapter folder of PEFT's, loaded onto a model. */
export function adapterTarget(folder: string): FuzzTarget<string> {
  const adapter = new FuzzFolder(folder, 'adapter');
  const model = tinyModel(smallConfig);
  const shapes: Record<string, number[]> = {};
  const targetModules = LINEARS.slice(0, 3);
  for (const name of targetModules) {
    const [rows, columns] = linearShape(smallConfig, name);
    const module = `base_model.model.${linearPath(0, name)}`;
    shapes[`${module}.lora_A.weight`] = [2, columns];
    shapes[`${module}.lora_B.weight`] = [rows, 2];
  }
  const weights = float32Tensors(shapes);
  const config = adapterConfigToPeft({ r: 2, alpha: 4, dropout: 0, targetModules }, 'base');
  const good = {
    'adapter_config.json': Buffer.from(JSON.stringify(config)),
    'adapter_model.safetensors': safetensorsFile(Buffer.from(JSON.stringify(weights.header)), weights.data),
  };
  return {
    name: 'adapter',
    make(random): FuzzCase<string> {
      const how: string[] = [];
      const size = adapter.hold(
        random.below(2) === 0
          ? { ...good, 'adapter_config.json': mutateJson(config, random, how) }
          : { ...good, 'adapter_model.safetensors': mutateSafetensors(weights, random, how) },
      );
      return { input: adapter.path, size, how };
    },
    async parse(input) {
      const loaded = await Adapter.load(input, model, () => {});
      loaded.assertFits(model);
      loaded.dispose();
    },
  };
}
