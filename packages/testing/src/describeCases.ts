import { contracts, cpuInfo } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { cases } from './cases.js';
import { checkForward, checkGradients } from './check.js';
import { openPath } from './openPath.js';

/**
 * The case table on one kernel path of the CPU, or on the CUDA module. The path is chosen once a process, so each path
 * has a test file of its own.
 */
export function describeCases(path: string): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`cases on ${path}`, () => {
    let device: Device;
    const enqueued = new Set<string>();
    beforeAll(() => {
      device = openPath(path);
      const enqueue = device.native.enqueue.bind(device.native);
      device.native.enqueue = (op, ...rest) => {
        enqueued.add(op);
        return enqueue(op, ...rest);
      };
    });
    afterAll(() => device.close());

    for (const c of cases) {
      for (const dtype of c.dtypes ?? (['float32', 'bf16'] as const)) {
        it(`${c.op}: ${c.name}, ${dtype}`, async () => {
          expect(await checkForward(c, device, dtype)).toEqual([]);
          if (c.differentiable !== false) expect(await checkGradients(c, device, dtype)).toEqual([]);
        });
      }
    }

    // After the table: every native op is reached through a wrapper by some case.
    it('covers every op of native/include/ops', () => {
      const missing = contracts()
        .map((contract) => contract.op)
        .filter((op) => !enqueued.has(op));
      expect(missing).toEqual([]);
    });

    it('leaves no memory behind', () => {
      expect(device.memory().live).toBe(0);
    });
  });
}
