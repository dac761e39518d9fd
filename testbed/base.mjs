import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Device, Model } from '../packages/engine/dist/index.js';
import {
  BASE_STEPS,
  baseOptions,
  baseTask,
  initialModel,
  WORLD_BASE,
} from '../packages/selfjudge/dist/world/base.js';
import { runPhase } from '../packages/selfjudge/dist/world/phase.js';
import { corpusPrompts } from '../packages/selfjudge/dist/world/prompts.js';
import { writeWorldTokenizer } from '../packages/selfjudge/dist/world/vocabulary.js';

const SEED = 1;

/** Trains the base of the small world, half an hour on two quiet cores, and puts it where the package keeps it. */
export async function trainBase({ root }) {
  const device = Device.open('cpu');
  const tokenizer = await writeWorldTokenizer(join(root, 'tokenizer'));
  const settings = baseOptions(BASE_STEPS, SEED);
  const build = async () => {
    const model = await initialModel(tokenizer, device, SEED);
    return { model, task: baseTask(model, tokenizer, corpusPrompts(), settings) };
  };
  const onLog = (_, { step, metrics }, total) => {
    if (step % 100 !== 0) return;
    const figures = ['loss/sft', 'loss/verdict', 'loss/rationale', 'verdict_accuracy', 'step_time'];
    const said = figures.map((name) => `${name} ${metrics[name]?.toFixed(3)}`);
    process.stderr.write(`step ${step} of ${total}: ${said.join(', ')}\n`);
  };
  const load = (path) => Model.load(path, { device, dtype: 'float32' });
  await runPhase({ name: 'base', parent: root, settings, build, load }, { onPhase() {}, onLog });
  rmSync(WORLD_BASE, { recursive: true, force: true });
  mkdirSync(WORLD_BASE, { recursive: true });
  cpSync(join(root, 'base', 'final'), WORLD_BASE, { recursive: true });
  return true;
}
