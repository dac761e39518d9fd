// Finds what the real tests need, once for all of them, and says in one line each what is missing.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { mixedBlocksModel, realModel } from '../../scripts/realModel.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** SmolLM2-135M-Instruct as a GGUF file; '' where it cannot be had. */
    weights: string;
    /** Gemma 3 270M as a GGUF file of Q4_K_M; '' where it cannot be had. */
    mixedBlocks: string;
    /** Helpful preferences of Anthropic's HH data; '' where they are absent. */
    hh: string;
  }
}

export default function findRealInputs({ provide }: TestProject): void {
  // glibc keeps what was freed at the top of its heap, here some 80 MB that reading the weights left behind, and gives it
  // back whenever a later free happens to reach it: in the middle of a measurement of resident memory. With thresholds
  // that stay, what is large is mapped and given back at once. Read when a process starts, as the tests' do after this.
  process.env.MALLOC_MMAP_THRESHOLD_ = String(128 << 10);
  for (const [name, model] of [
    ['weights', realModel()],
    ['mixedBlocks', mixedBlocksModel()],
  ] as const) {
    if ('missing' in model) process.stdout.write(`tests skipped: ${model.missing}\n`);
    provide(name, 'path' in model ? model.path : '');
  }
  const hh = fileURLToPath(new URL('../../../shared/data/hh/helpful.train.jsonl.gz', import.meta.url));
  if (!existsSync(hh)) process.stdout.write(`tests on HH texts skipped: no ${hh}\n`);
  provide('hh', existsSync(hh) ? hh : '');
}
