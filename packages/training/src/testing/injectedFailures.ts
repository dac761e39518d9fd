import { isError, type ErrorCode } from '@selfjudge/base';
import type { Device } from '@selfjudge/engine';
import { describe, expect, it } from 'vitest';
import { AdamW } from '../optimizer/adamw.js';
import type { SelfTrainingOptions } from '../methods/selfTrainingRun.js';
import { selfTrainingDefaults } from '../methods/defaults.js';
import { selfTrainingStep } from '../methods/selfTraining.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { hashJudge, tinyLora, tinyModel, tinyPrompts, trainedAdapter } from './tiny.js';

const options: SelfTrainingOptions = {
  ...selfTrainingDefaults,
  trainBatchSize: 2,
  maxNewTokens: 4,
  topP: 1,
  tokenBudget: 200,
  missingEos: 'keep',
};

/**
 * One step of self-training in which one allocation, or one command, fails: at the 1st, then every `stride`-th. The step
 * must reject with the error of its kind, leave no memory behind, and succeed when it is tried again.
 */
export function describeInjectedFailures(device: () => Device, stride: number): void {
  describe('a step of self-training in which something fails', () => {
    const inject = async (failure: 'allocations' | 'commands', code: ErrorCode, wait = false) => {
      const model = tinyModel();
      const start = await trainedAdapter(model, 4);
      const prompts = tinyPrompts(model, 2);
      const { native } = device();
      /** The parameters after a step from the start. */
      const step = async (fail = {}) => {
        const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
        const optimizer = new AdamW(trainable.parameters, options);
        const run = { trainable, judge: hashJudge, tokenizer: model.tokenizer!, optimizer, options };
        try {
          native.failAfter(fail);
          await selfTrainingStep(prompts, run, { step: 1, learningRate: 1e-2 });
          native.failAfter({});
          return await trainable.parameters.policy.read();
        } finally {
          native.failAfter({});
          device().recover();
          optimizer.dispose();
          trainable.dispose();
        }
      };
      const expected = await step();
      await device().sync();
      const { live } = device().memory();
      let failures = 0;
      for (let at = 1; ; at += stride) {
        const error: unknown = await step({ [failure]: at, wait }).then(
          () => undefined,
          (caught: unknown) => caught,
        );
        if (error === undefined) break; // the step has no more of them
        if (!isError(error, code)) throw error;
        expect(error.message).toMatch(/^\[\w+\] /);
        expect(device().memory().live, `after failure ${at}`).toBe(live);
        if (failures++ % 4 === 0) expect(await step(), `after failure ${at}`).toEqual(expected);
      }
      expect(failures).toBeGreaterThan(2);
      start.dispose();
      model.dispose();
    };

    it('memory is out', () => inject('allocations', 'SJ_OUT_OF_MEMORY'));
    it('a command fails, and is met some time later', () => inject('commands', 'SJ_FAULT'));
    it('a command fails, and the next call meets it', () => inject('commands', 'SJ_FAULT', true));
  });
}
