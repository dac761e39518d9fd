import { it } from 'vitest';
import { soak } from '../project.js';
import { fuzz, type FuzzTargetIn } from './fuzz.js';

/** Each parser stands any input: 10,000 in `pnpm test`, the same every time, and a million in the soak. */
export function describeFuzz(...targets: readonly FuzzTargetIn[]): void {
  for (const target of targets) {
    it(`${target.name} stands ${soak ? 'a million inputs' : 'any input'}`, async () => {
      const summary = await fuzz(target, soak ? { seed: 2, count: 1_000_000 } : { seed: 1, count: 10_000 });
      if (soak) console.log(summary);
    });
  }
}
