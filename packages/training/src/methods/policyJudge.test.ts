import { loadJudgeTemplate, TokenJudge, type TokenVerdict } from '@selfjudge/judging';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../loop/runner.js';
import { loraTrainable } from '../optimizer/trainable.js';
import { disposeModel, loop, model, newFolder, runIn, stopAfter } from '../testing/runs.js';
import { tinyLora, tinyPrompts, trainedAdapter } from '../testing/tiny.js';
import type { MethodContext } from './method.js';
import { presetOptions } from './method.js';
import { selfTraining, selfTrainingTask } from './selfTraining.js';
import type { SelfTrainingOptions } from './selfTrainingRun.js';

afterAll(disposeModel);

const options: SelfTrainingOptions = {
  ...presetOptions(selfTraining),
  judgeMode: 'policy',
  maxSteps: 6,
  trainBatchSize: 4,
  learningRate: 3e-2,
  maxNewTokens: 6,
  maxPromptLength: 100,
  missingEos: 'keep',
};
const start = await trainedAdapter(model, 4);
const tokenizer = model.tokenizer!;
const judgeOf = (view: TokenJudge['view']) => new TokenJudge(view, tokenizer, loadJudgeTemplate('plain'));
const rows = Array.from({ length: 6 }, (_, i) => ({ id: `p${i}`, prompt: `Name ${i}?` }));

/** The method's own task, and whose view it gave the judge. */
async function made(changed: Partial<SelfTrainingOptions> = {}) {
  const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
  const asked: unknown[] = [];
  const context: Partial<MethodContext<SelfTrainingOptions, 'prompts'>> = {
    rows,
    options: { ...options, ...changed },
    tokenizer,
    policyBesideStart: () => trainable,
    judge: (view) => (asked.push(view), judgeOf(view)),
    usable: async (_, rows, prepare) => prepare(rows).examples,
    writeSamples: () => {},
    warn: () => {},
  };
  const task = await selfTraining.task(context as MethodContext<SelfTrainingOptions, 'prompts'>);
  return { task, trainable, asked };
}

describe('judge_mode', () => {
  it('static asks the frozen start, policy the policy as it is', async () => {
    const { asked: frozen, trainable: one } = await made({ judgeMode: 'static' });
    expect(frozen).toEqual([one.reference]);
    const { asked: current, trainable: other } = await made();
    expect(current).toEqual([other.policy]);
    expect(other.reference).not.toBe(other.policy);
  });

  it('of the policy: verdicts are those of the policy before the step, and the reference stays', async () => {
    const trainable = loraTrainable(model, tinyLora, { seed: 5, start });
    const seen: { verdict: TokenVerdict; a: string; b: string; prompt: string }[][] = [];
    const run = { trainable, judge: judgeOf(trainable.policy), tokenizer, options };
    const task = selfTrainingTask(run, { prompts: tinyPrompts(model, 6) }, (contests) =>
      seen.push(
        contests.flatMap(({ verdict, a, b, prompt }) =>
          verdict === undefined
            ? []
            : [{ verdict: verdict as TokenVerdict, a: a.text, b: b.text, prompt: prompt.text as string }],
        ),
      ),
    );
    const frozen = judgeOf(trainable.reference);
    let apart = 0;
    for (let step = 1; step <= 4; step++) {
      const before = await trainable.parameters.policy.read();
      await task.step({ step, learningRate: 3e-2 });
      const after = await trainable.parameters.policy.read();
      const pairs = seen.at(-1)!;
      trainable.parameters.policy.load(before);
      const again = await run.judge.compare(pairs);
      trainable.parameters.policy.load(after);
      expect(pairs.map(({ verdict }) => verdict.probability)).toEqual(again.map((v) => v.probability));
      const others = await frozen.compare(pairs);
      const differ = others.filter((v, i) => v.probability !== again[i].probability).length;
      // Policy and start are one before the first update.
      if (step === 1) expect(differ).toBe(0);
      else apart += differ;
    }
    expect(apart).toBeGreaterThan(0);
  });

  it('interrupted and resumed ends with the bits of an uninterrupted run', async () => {
    const straight = await made();
    await train(straight.task, loop);
    const path = newFolder();
    const stop = stopAfter(3);
    const first = await made();
    expect(await runIn(path, stop.task(first.task), { signal: stop.signal })).toMatchObject({ step: 3 });
    const resumed = await made();
    expect(await runIn(path, resumed.task)).toMatchObject({ status: 'completed', step: 6 });
    const values = ({ trainable }: typeof straight) => trainable.parameters.policy.read();
    expect(await values(resumed)).toEqual(await values(straight));
    const fixed = await made({ judgeMode: 'static' });
    await train(fixed.task, loop);
    expect(await values(fixed)).not.toEqual(await values(straight));
  });

  it('is refused where pairs are judged once for all steps', () => {
    const faults = selfTraining.faults!({ ...options, sampling: 'off_policy_once' });
    expect(faults.map(({ key }) => key)).toEqual(['judgeMode']);
    expect(selfTraining.faults!({ ...options, sampling: 'off_policy' })).toEqual([]);
  });
});
