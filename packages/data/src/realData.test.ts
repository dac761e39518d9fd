import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { byteTokenizer } from '@selfjudge/text';
import { describe, expect, it } from 'vitest';

import { loadJudgedPairs, loadPreferences, loadPrompts, type Dataset } from './load.js';
import { parseMapping } from './mapping.js';
import type { PreferencePair } from './rows.js';
import type { Split } from './split.js';
import { firstUserTurn, splitOf } from './split.js';
import { messagesOf } from './text.js';
import { preferenceSequences, promptIds, sftSequence } from './tokenise.js';
import { sftExampleOf } from './rows.js';

const folder = join(import.meta.dirname, '../../../../shared/data');
const helpful = join(folder, 'hh/helpful.train.jsonl.gz');
const present = existsSync(helpful);
if (!present) console.log(`skipped: no data sets at ${folder}`);

describe.skipIf(!present)('real preferences', () => {
  const count = (issues: { code: string }[], code: string) =>
    issues.filter((issue) => issue.code === code).length;

  it('HH: every row is used or counted', async () => {
    const { rows, issues } = await loadPreferences(helpful);
    expect(rows.length + issues.length).toBe(1871);
    expect(count(issues, 'differing-prompts')).toBe(7);
    expect(count(issues, 'empty-answer')).toBe(4);
    expect(rows.every(({ prompt }) => messagesOf(prompt).at(-1)?.role === 'user')).toBe(true);
  });

  it('UltraFeedback: further columns do no harm', async () => {
    const { rows, issues } = await loadPreferences(join(folder, 'ultrafeedback/train1000.jsonl.gz'));
    expect(rows.length + issues.length).toBe(1000);
    expect(rows.length).toBeGreaterThan(950);
  });

  it('HH: Parquet has the same rows', async () => {
    const writer = await (await DuckDBInstance.create(':memory:')).connect();
    const dir = mkdtempSync(join(tmpdir(), 'selfjudge-real-'));
    const path = join(dir, 'helpful.parquet');
    await writer.run(`COPY (FROM read_json('${helpful}')) TO '${path}' (FORMAT parquet)`);
    writer.closeSync();
    const withoutPlace = ({ rows, issues }: Dataset<PreferencePair>) => ({
      rows: rows.map(({ prompt, chosen, rejected }) => ({ prompt, chosen, rejected })),
      issues: issues.map(({ line, code, reason }) => ({ line, code, reason })),
    });
    expect(withoutPlace(await loadPreferences(path))).toEqual(withoutPlace(await loadPreferences(helpful)));
    rmSync(dir, { recursive: true });
  });

  it('PandaLM: two of three people decide', async () => {
    const { rows, issues } = await loadJudgedPairs(join(folder, 'judge/pandalm_human999.jsonl.gz'));
    expect(rows.length + issues.length).toBe(999);
    // Six answers are the value true: what wrote the file took them for none of text.
    expect(count(issues, 'unknown-shape')).toBe(6);
    expect(rows[0]).toMatchObject({ id: '0', winner: 'b', completions: [/, please let me know/, /./] });
    const won = (winner: string) => rows.filter((row) => row.winner === winner).length;
    expect([won('a'), won('b'), won('tie'), issues.length]).toEqual([418, 470, 105, 6]);
  });

  it('verdicts with rationales are read by a mapping', async () => {
    const shape = parseMapping({
      prompt: 'question',
      completions: ['response_a', 'response_b'],
      winner: { column: 'label', values: { A: 'a', B: 'b', tie: 'tie' } },
      rationale: 'rationale',
    });
    const file = join(folder, 'rationale/qlora_vicuna_gpt4.jsonl.gz');
    const { rows, issues } = await loadJudgedPairs(file, { shape });
    expect([rows.length, issues.length]).toEqual([4467, 0]);
    expect(rows.every(({ rationale }) => rationale !== undefined)).toBe(true);
  });

  it('splits do not share a first question', async () => {
    const { rows } = await loadPrompts(helpful);
    const home = new Map<string, Split>();
    for (const { prompt } of rows) {
      const turn = firstUserTurn(prompt);
      expect(splitOf(prompt)).toBe(home.get(turn) ?? splitOf(prompt));
      home.set(turn, splitOf(prompt));
    }
    expect(new Set(home.values()).size).toBe(4);
  });

  it('prompt ids are a prefix of both sides, and the labels are the answers', async () => {
    const tokenizer = byteTokenizer({ words: [' the', 'ing', '\n\n'] });
    const { rows } = await loadPreferences(helpful, { limit: 200 });
    expect(rows).toHaveLength(200);
    for (const pair of rows) {
      const prompt = promptIds(tokenizer, pair.prompt);
      const sides = preferenceSequences(tokenizer, pair).value!;
      check(pair, 'chosen');
      check(pair, 'rejected');

      function check(of: PreferencePair, side: 'chosen' | 'rejected') {
        const ids = Array.from(sides[side].sequence.tokens);
        expect(ids.slice(0, prompt.length)).toEqual(prompt);
        expect(tokenizer.decode(ids.slice(prompt.length))).toBe(`${of[side]}<|im_end|>`);
      }
      const all = sftSequence(tokenizer, sftExampleOf(pair), { trainOn: 'all' }).value!;
      const turns = [...messagesOf(pair.prompt), { role: 'assistant', content: pair.chosen }];
      const answers = turns.filter((message) => message.role === 'assistant');
      const ids = Array.from(all.sequence.tokens);
      const texts = all.sequence.targets!.map(([start, end]) => tokenizer.decode(ids.slice(start, end)));
      expect(texts).toEqual(answers.map(({ content }) => `${content}<|im_end|>`));
    }
  });
});
