import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, expect, it } from 'vitest';
import { bestOf } from './bestOf.js';
import type { Judge } from './judge.js';
import { recorded } from './recorded.js';
import { loadJudgeTemplate } from './templateFile.js';
import { TokenJudge } from './tokenJudge.js';
import { NO_VERDICT } from './verdict.js';

const model = byteModel({ config: { maxPositions: 512 } });
const tokenizer = model.tokenizer!;
afterAll(() => model.dispose());

it('samples, plays and returns the winner with everything that led to it', async () => {
  const view = model.view();
  const judge = new TokenJudge(view, tokenizer, loadJudgeTemplate('plain'));
  const prompts = ['What?', [{ role: 'user' as const, content: 'Else?' }]];
  const options = { tokenizer, n: 5, seed: 4, sampling: { maxNewTokens: 6 } };
  const results = await bestOf(view, judge, prompts, options);
  expect(await bestOf(view, judge, prompts, options)).toEqual(results);
  for (const { text, answers, tournament } of results) {
    expect(answers).toHaveLength(5);
    expect(new Set(answers.map((answer) => answer.text)).size).toBeGreaterThan(1);
    expect(text).toBe(answers[tournament.winner].text);
    expect(tournament.rounds.flatMap(({ matches }) => matches)).toHaveLength(4);
  }
});

it('lets people choose, by what they said of the answers before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-best-'));
  const path = join(folder, 'people.jsonl');
  const options = { tokenizer, n: 4, seed: 4, sampling: { maxNewTokens: 6 } };
  const prompts = ['What?', 'Else?'];
  const mute: Judge = { compare: async (pairs) => pairs.map(() => ({ ...NO_VERDICT })) };
  const shown = await bestOf(model.view(), mute, prompts, options);
  const texts = shown.map(({ answers }) => answers.map(({ text }) => text));
  // They like what sorts last, whatever the order in which they see it.
  const rows = texts.flatMap((of, i) =>
    of.flatMap((a, j) =>
      of.slice(j + 1).map((b) => ({ prompt: prompts[i], completions: [a, b], winner: a > b ? 'a' : 'b' })),
    ),
  );
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const chosen = await bestOf(model.view(), await recorded(path), prompts, options);
  expect(chosen.map(({ text }) => text)).toEqual(texts.map((of) => [...of].sort().at(-1)));
  expect(shown.map(({ text }) => text)).not.toEqual(chosen.map(({ text }) => text));
  rmSync(folder, { recursive: true });
});

it('judges alike whatever shares the tree', async () => {
  const judge = new TokenJudge(model.view(), tokenizer, loadJudgeTemplate('principles'));
  const short = loadJudgeTemplate('plain');
  const pairs = [
    { prompt: 'What?', a: 'This.', b: 'That, of course.' },
    { prompt: 'What?', a: 'That, of course.', b: 'This.' },
  ];
  // The four principles alone are longer than this model's context: no verdict, and a reason.
  expect((await judge.compare(pairs)).map(({ reason }) => reason)).toEqual(['too-long', 'too-long']);
  const plain = new TokenJudge(model.view(), tokenizer, short);
  const [first, second] = await plain.compare(pairs);
  expect(await plain.compare([pairs[0]])).toEqual([first]);
  // The same two orders, the other way round: bitwise the same scores for the other names.
  expect([second.scoreA, second.scoreB]).toEqual([first.scoreB, first.scoreA]);
  expect(first.evidence!.orders[0].pA).toBeGreaterThan(0);
});
