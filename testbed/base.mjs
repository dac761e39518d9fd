import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Device } from '../packages/engine/dist/index.js';
import { SHIPPED_SIZE, trainWorldBase, WORLD_BASE } from '../packages/selfjudge/dist/world/base.js';
import { writeWorldTokenizer } from '../packages/selfjudge/dist/world/vocabulary.js';

/** Trains the base of the small world, half an hour on two quiet cores, and puts it where the package keeps it. */
export async function trainBase({ root }) {
  const tokenizer = await writeWorldTokenizer(join(root, 'tokenizer'));
  const device = Device.open('cpu');
  const hooks = { onPhase() {}, onLog: sayStep };
  const { model } = await trainWorldBase(root, { size: SHIPPED_SIZE, tokenizer, device }, hooks);
  model.dispose();
  rmSync(WORLD_BASE, { recursive: true, force: true });
  mkdirSync(WORLD_BASE, { recursive: true });
  cpSync(join(root, 'base', 'final'), WORLD_BASE, { recursive: true });
  return true;
}

/** A line every hundred steps. */
function sayStep(_, { step, metrics }, total) {
  if (step % 100 !== 0) return;
  const figures = ['loss/sft', 'loss/verdict', 'loss/rationale', 'verdict_accuracy', 'step_time'];
  const said = figures.map((name) => `${name} ${metrics[name]?.toFixed(3)}`);
  process.stderr.write(`step ${step} of ${total}: ${said.join(', ')}\n`);
}
