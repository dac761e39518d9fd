import { cases } from '@selfjudge/testing/cases';
import { checkForward, checkGradients } from '@selfjudge/testing/check';
import { openPath } from '@selfjudge/testing/openPath';
import { kernelPath } from '@selfjudge/testing/project';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from './device.js';

const SEEDS = 200;
const differentiable = cases.filter((c) => c.differentiable !== false);

// The bounds of the case table hold for any inputs of its sizes, not only for those that its own seed happens to give. Ids
// that are drawn have no bounds: which of two equal probabilities is the larger, float32 cannot say.
describe(`cases of ${SEEDS} other seeds on ${kernelPath}`, () => {
  let device: Device;
  beforeAll(() => (device = openPath(kernelPath)));
  afterAll(() => device.close());

  it.each(differentiable.map((c) => ({ title: `${c.op}: ${c.name}`, c })))('$title', async ({ c }) => {
    const problems: string[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      for (const dtype of c.dtypes ?? (['float32', 'bf16'] as const)) {
        const found = await checkForward(c, device, dtype, ` ${seed}`);
        found.push(...(await checkGradients(c, device, dtype, ` ${seed}`)));
        problems.push(...found.map((problem) => `seed ${seed}, ${dtype}: ${problem}`));
      }
    }
    expect(problems).toEqual([]);
  });
});
