import { contracts, cpuInfo, workerCount } from '@selfjudge/native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '@selfjudge/engine';
import { cases } from './cases.js';
import { checkCall, Shown } from './calls/checkCall.js';
import { rowSymbols } from './calls/grow.js';
import { Recorder } from './calls/recorder.js';
import { checkForward, checkGradients } from './check.js';
import { openPath } from './openPath.js';

/** Ops whose work is one task whatever its size: a copy of one id a row. */
const UNSPLIT = ['feed_tokens'];

/**
 * The case table on one kernel path of the CPU, or on the CUDA module. The path is chosen once a process, so each path
 * has a test file of its own.
 */
export function describeCases(path: string): void {
  describe.runIf(path === 'cuda' || cpuInfo().paths.includes(path))(`cases on ${path}`, () => {
    let device: Device;
    let recorder: Recorder;
    const enqueued = new Set<string>();
    const shown = new Shown();
    beforeAll(() => {
      device = openPath(path);
      const enqueue = device.native.enqueue.bind(device.native);
      device.native.enqueue = (op, ...rest) => {
        enqueued.add(op);
        return enqueue(op, ...rest);
      };
      recorder = new Recorder(device.native);
    });
    afterAll(() => device.close());

    for (const c of cases) {
      for (const dtype of c.dtypes ?? (['float32', 'bf16'] as const)) {
        it(`${c.op}: ${c.name}, ${dtype}`, async () => {
          const calls = await recorder.during(async () => {
            expect(await checkForward(c, device, dtype)).toEqual([]);
            if (c.differentiable !== false) expect(await checkGradients(c, device, dtype)).toEqual([]);
          });
          const problems: string[] = [];
          for (const call of calls) problems.push(...(await checkCall(device.native, call, shown)));
          expect(problems).toEqual([]);
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

    it.runIf(path !== 'cuda' && workerCount() > 1)('has split the work of every op', () => {
      expect(shown.missing(shown.split)).toEqual(UNSPLIT);
    });

    it('has compared the rows of every op that has some', () => {
      const rowless = contracts().flatMap(({ op, ...rest }) =>
        rowSymbols({ op, ...rest }).length === 0 ? [op] : [],
      );
      expect(shown.missing(shown.rows)).toEqual(rowless);
    });

    it('leaves no memory behind', () => {
      expect(device.memory().live).toBe(0);
    });
  });
}
