import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device } from '@selfjudge/engine';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeStart } from '../cli/startText.js';
import { resolveConfig, type TrainingVerb } from '../config/index.js';
import { expectedTime } from './expectedTime.js';
import { tooLarge } from './planMemory.js';
import type { StartFacts } from './startFacts.js';
import { runTraining, type TrainInputs } from './train.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-start-'));
const at = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

beforeAll(async () => {
  const model = byteModel({ config: { hiddenSize: 64, intermediateSize: 128, layers: 3 } });
  await model.save(at('model'));
  model.dispose();
  const rows = Array.from({ length: 24 }, (_, i) => ({
    prompt: `Name ${i}? ${'Think well. '.repeat(i)}`,
    chosen: `Yes, ${'and more '.repeat(i % 7)}${i}.`,
    rejected: 'No.',
  }));
  const lines = [...rows.map((row) => JSON.stringify(row)), '{"prompt": 1}', 'no JSON'];
  writeFileSync(at('pairs.jsonl'), `${lines.join('\n')}\n`);
});

const adapterOf = (run: string) => readFileSync(join(run, 'final', 'adapter_model.safetensors'));

let runs = 0;
async function factsOf(
  verb: TrainingVerb,
  flags: Record<string, string | string[]> = {},
  inputs: TrainInputs = {},
) {
  const output = at(`run-${runs++}`);
  const config = resolveConfig(verb, {
    flags: {
      model_name_or_path: at('model'),
      dataset_name: at('pairs.jsonl'),
      dataset_split: 'all',
      output_dir: output,
      max_steps: '3',
      train_batch_size: '6',
      ...flags,
    },
  });
  let facts: StartFacts | undefined;
  const outcome = await runTraining(verb, config, { onFacts: (given) => (facts = given) }, inputs);
  return { facts: facts!, outcome, output, peak: Device.open('auto').memory().peak };
}

describe('what is said before the first step', () => {
  it('is rows, steps, what is trained and on what', async () => {
    const { facts } = await factsOf('dpo', { lora_r: '4', lora_target_modules: ['q_proj', 'v_proj'] });
    const lines = describeStart(facts);
    expect(lines.slice(0, 4)).toEqual([
      'rows    26 read, 24 of all splits, left out: 1 unknown-shape, 1 broken-line',
      'steps   3 of 6, 0.75 epochs; learning rate 0.00005, constant_with_warmup',
      `trains  ${facts.parameters.toLocaleString('en')} parameters: LoRA r 4 on q_proj, v_proj, alpha 16`,
      'learns  chosen answers before rejected ones (sigmoid, beta 0.1)',
    ]);
    expect(lines[4]).toMatch(
      /^memory {2}about [\d.]+ [KM]iB at most \([\d.]+ [KM]iB before the first step\); .* are free$/,
    );
  });

  it('names the adapter below, which stays', async () => {
    const { output } = await factsOf('sft', { lora_r: '4', lora_target_modules: ['q_proj', 'v_proj'] });
    const { facts } = await factsOf('dpo', { model_name_or_path: output, lora_r: '8' }, { dryRun: true });
    expect(describeStart(facts)[2]).toMatch(
      /LoRA r 8 on all linear layers, alpha 16, on top of LoRA r 4 on q_proj, v_proj, which stays; saved as one, r 12 on all linear layers$/,
    );
  });

  it('is all of a dry run, which leaves nothing', async () => {
    const { facts, outcome, output } = await factsOf('sft', {}, { dryRun: true });
    expect(outcome).toEqual({ status: 'planned', outputDir: output });
    expect(existsSync(output)).toBe(false);
    expect(facts.labels).toBe('the last answer of each row; all before it is context');
    expect(facts.rows).toMatchObject({ read: 26, ofSplit: 24 });
  });
});

describe('the memory expected', () => {
  it.each([
    ['sft', {}],
    ['sft', { full_finetuning: 'true', dtype: 'float32' }],
    ['dpo', { lora_r: '16' }],
    ['dpo', { token_budget: '200', dtype: 'float32' }],
    ['jsft', { judge_batch_size: '2' }],
    ['dpo', { lora_r: '16', activation_recompute: 'on' }],
    ['sft', { full_finetuning: 'true', activation_recompute: 'on' }],
    ['reward', { dtype: 'float32' }],
    ['reward', { full_finetuning: 'true', token_budget: '200' }],
  ] as [TrainingVerb, Record<string, string>][])(
    '%s %o: within a tenth of what is taken',
    async (verb, flags) => {
      const { facts, peak } = await factsOf(verb, flags);
      expect(facts.memory!.peak / peak).toBeGreaterThan(0.9);
      expect(facts.memory!.peak / peak).toBeLessThan(1.1);
    },
  );

  it('is a forward pass more where it would not fit otherwise, and the adapter is the same', async () => {
    const flags = { lora_r: '4', dtype: 'float32', token_budget: '2000' };
    const kept = await factsOf('dpo', flags);
    const [{ before, peak }, again] = [
      kept.facts.memory!,
      await factsOf('dpo', { ...flags, activation_recompute: 'on' }),
    ];
    const less = again.facts.memory!.peak;
    expect(less - before).toBeLessThan(0.8 * (peak - before));
    vi.spyOn(process as unknown as { availableMemory(): number }, 'availableMemory').mockImplementation(
      () => (peak + less) / 2 - before - Device.open('auto').memory().cached,
    );
    const tight = await factsOf('dpo', flags);
    await expect(factsOf('dpo', { ...flags, activation_recompute: 'off' })).rejects.toThrow(/token_budget/);
    vi.restoreAllMocks();
    expect(describeStart(tight.facts)[4]).toContain('blocks computed again in backward');
    for (const { output } of [again, tight])
      expect(adapterOf(output).equals(adapterOf(kept.output))).toBe(true);
  });

  it('is refused before the first step where it is more than there is, by row or by budget', () => {
    const longest = { id: 'pairs.jsonl:7', shape: { rows: 9000, headRows: 10 }, single: true };
    const expected = { before: 1e9, peak: 9e9, least: 5e9, longest };
    expect(tooLarge(expected, 8.1e9)).toBeUndefined();
    expect(tooLarge(expected, 7e9)?.message).toMatch(/token_budget: expected a smaller one/);
    expect(tooLarge(expected, 3e9)?.message).toMatch(
      /max_length: expected rows that fit the memory: 3.73 GiB .*received pairs.jsonl:7, whose 9000 tokens need 4.66 GiB/,
    );
  });
});

describe('the time expected', () => {
  it('is said after three steps, by the tokens to come', () => {
    const group = (length: number) => ({ id: 'a', sequences: [{ tokens: Array<number>(length).fill(1) }] });
    const workload = {
      groups: (step: number) => [group(step <= 3 ? 10 : 20)],
      all: [group(20)],
      tokenBudget: 99,
    };
    const said: number[][] = [];
    const order = { totalSteps: 13 } as never;
    const clock = expectedTime({ order, workload }, 0, (...told) => said.push(told));
    for (let step = 1; step <= 13; step++)
      clock({ step, epoch: 0, metrics: { step_time: step === 1 ? 50 : 1 } });
    expect(said).toEqual([[20, 10]]);
  });
});
