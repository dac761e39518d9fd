import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteTokenizer } from '@selfjudge/text';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODEL_VERBS, resolveVerb, valuesOf } from '../config/index.js';
import { evaluate } from './evaluate.js';
import type { Evaluation } from './evaluationPhases.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-evaluate-'));
const at = (name: string) => join(dir, name);
beforeAll(async () => {
  const model = byteModel();
  await model.save(at('model'));
  model.dispose();
  const rows = [1, 2, 3].map((i) => ({ prompt: `Name ${i}?`, chosen: `Yes ${i}.`, rejected: 'No.' }));
  writeFileSync(at('pairs.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
});
afterAll(() => rmSync(dir, { recursive: true }));

const optionsOf = (flags: Record<string, string> = {}) => {
  const given = {
    model_name_or_path: at('model'),
    baseline: at('model'),
    outside_judge: at('model'),
    dataset_name: at('pairs.jsonl'),
    dataset_split: 'all',
    dtype: 'float32',
    max_new_tokens: '3',
  };
  const config = resolveVerb('evaluate', MODEL_VERBS.evaluate, { flags: { ...given, ...flags } });
  return valuesOf(MODEL_VERBS.evaluate.options, config);
};

describe('evaluate', () => {
  it('gives what is known after each phase, and keeps it when a later one fails', async () => {
    const whole: Evaluation[] = [];
    const names: string[] = [];
    const result = await evaluate(optionsOf(), {
      onPhase: (name) => names.push(name),
      onResult: (soFar) => whole.push(soFar),
    });
    expect(whole.at(-1)).toEqual(result);
    expect(result.unfinished).toBeUndefined();
    expect(whole.map(({ unfinished = [] }) => unfinished)).toEqual(names.map((_, i) => names.slice(i + 1)));
    expect(whole.map((soFar) => Object.keys(soFar).filter((key) => key !== 'unfinished').length)).toEqual([
      2, 3, 4, 4, 4, 5, 5, 6,
    ]);
    for (const [stopped, name] of names.entries()) {
      const parts: Evaluation[] = [];
      const ended = evaluate(optionsOf(), {
        onPhase: (phase) => {
          if (phase === name) throw new Error(`no ${phase}`);
        },
        onResult: (soFar) => parts.push(soFar),
      });
      await expect(ended).rejects.toThrow(`no ${name}`);
      expect(parts).toEqual(whole.slice(0, stopped));
    }
  });

  it('looks at a template and at the tokenizers before the first phase', async () => {
    const phases: string[] = [];
    const hooks = { onPhase: (name: string) => void phases.push(name) };
    const nowhere = { model_name_or_path: at('nowhere'), judge_template: 'plian' };
    await expect(evaluate(optionsOf(nowhere), hooks)).rejects.toThrow(
      /judge_template: .*did you mean 'plain'/,
    );
    const other = byteModel({ tokenizer: byteTokenizer({ words: [' A', ' B', ' and'] }) });
    await other.save(at('other'));
    other.dispose();
    await expect(evaluate(optionsOf({ baseline: at('other') }), hooks)).rejects.toThrow(
      /baseline: expected what the model was trained from/,
    );
    expect(phases).toEqual([]);
  });
});
