// Every kind of adapter that PEFT saves, against the log-probabilities that PEFT gives it (benchmarks/peers/peft_adapters.py).
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

import { TreeBatch } from '../tensor/treeBatch.js';
import type { Adapter } from './adapter.js';
import { Model } from './model.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';
import { mergeAdapters } from './merge.js';

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/adapters', import.meta.url));
interface Values {
  ids: number[];
  bases: Record<string, number[]>;
  kinds: Record<string, { base: string; logprobs: number[] }>;
}
const { ids, bases, kinds } = JSON.parse(readFileSync(join(fixtures, 'values.json'), 'utf8')) as Values;
const room = mkdtempSync(join(tmpdir(), 'peft-kinds-'));
afterAll(() => rmSync(room, { recursive: true }));

/** Of the fixtures' ids; a resized vocabulary's last one is at their end. */
async function logprobs(model: Model, adapter?: Adapter): Promise<number[]> {
  const rows = model.config.vocabSize;
  const tokens = rows === 16 ? ids : [...ids, rows - 1];
  const batch = TreeBatch.from([{ tokens, targets: [[1, tokens.length]] }]);
  return [...(await model.view(adapter === undefined ? [] : [adapter]).score(batch))];
}

const furthest = (a: number[], b: number[]) => {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((x, i) => Math.abs(x - b[i])));
};

describe('adapters of PEFT', () => {
  it('are on bases that compute as transformers does', async () => {
    for (const [name, want] of Object.entries(bases)) {
      const model = await Model.load(join(fixtures, name));
      expect(furthest(await logprobs(model), want)).toBeLessThan(1e-5);
      model.dispose();
    }
  });

  it.each(Object.entries(kinds))('%s', async (name, { base, logprobs: want }) => {
    const said: string[] = [];
    const { model, adapter, merged } = await loadModelWithAdapter(join(fixtures, base), {
      adapter: join(fixtures, name),
      onWarning: (message) => said.push(message),
    });
    expect(furthest(await logprobs(model, adapter), want)).toBeLessThan(1e-5);
    expect(furthest(want.slice(0, ids.length - 1), bases[base])).toBeGreaterThan(1e-2);
    expect(said).toEqual([]);
    expect(merged === undefined).toBe(adapter !== undefined);

    // What is written of it computes the same: an adapter, and weights with the adapter in them.
    const whole = adapter === undefined ? model : await mergeAdapters(model, [adapter]);
    await whole.save(join(room, `${name}-merged`));
    const again = await Model.load(join(room, `${name}-merged`));
    expect(furthest(await logprobs(again), want)).toBeLessThan(1e-5);
    again.dispose();
    if (adapter !== undefined) {
      await adapter.save(join(room, name));
      const saved = await loadModelWithAdapter(join(room, name));
      expect(furthest(await logprobs(saved.model, saved.adapter), want)).toBeLessThan(1e-5);
      expect(saved.adapter?.config).toEqual(adapter.config);
      saved.adapter?.dispose();
      saved.model.dispose();
      adapter.dispose();
      whole.dispose();
    }
    model.dispose();
  });
});
