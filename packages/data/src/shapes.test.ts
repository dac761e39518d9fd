import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isError } from '@selfjudge/base';
import { afterAll, describe, expect, it } from 'vitest';

import type { Row } from './convert.js';
import { readDataFile } from './dataFile.js';
import { loadJudgedPairs, loadPreferences, loadPrompts, loadSftExamples } from './load.js';
import { SHAPES, shapeOf, type ToldShape } from './shapes.js';
import { assistant, rated, SHAPED as ROWS, user } from './testing/shapes.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-shapes-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, rows: readonly object[] | string): string {
  const path = join(folder, name);
  writeFileSync(path, typeof rows === 'string' ? rows : rows.map((row) => JSON.stringify(row)).join('\n'));
  return path;
}

describe.each(Object.keys(SHAPES) as ToldShape[])('%s', (name) => {
  const { row, read } = ROWS[name];

  it('is told by its columns, and read', async () => {
    expect(shapeOf(row)).toBe(name);
    const { rows, issues } = await readDataFile(file(`${name}.jsonl`, [row]));
    expect(issues).toEqual([]);
    expect(JSON.parse(JSON.stringify(rows[0].value))).toEqual(read);
    expect(rows[0].columns).toEqual(row);
    expect((await readDataFile(file(`${name}.jsonl`, [row]), { shape: name })).rows).toEqual(rows);
    // The same from a table, whose cells are text.
    const cells = Object.values(row).map((value) =>
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    );
    const table = [Object.keys(row), cells].map((line) =>
      line.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','),
    );
    const [cell] = (await readDataFile(file(`${name}.csv`, table.join('\n')))).rows;
    const { id, ...values } = JSON.parse(JSON.stringify(cell.value)) as Record<string, unknown>;
    const { id: own, ...others } = read;
    expect([values, String(id)]).toEqual([others, String(own)]);
  });

  it('leaves out a row whose columns hold something else', async () => {
    for (const column of SHAPES[name].columns) {
      const { rows, issues } = await readDataFile(
        file('odd.jsonl', [row, { ...row, [column]: { odd: true } }]),
      );
      const isOfUse = await loadPreferences(file('one.jsonl', [{ ...row, [column]: { odd: true } }])).then(
        () => true,
        () => false,
      );
      expect(isOfUse, column).toBe(name === 'rewardbench' && column.endsWith('_model'));
      expect(rows.length + issues.length).toBe(2);
    }
  });
});

it('rows are read as each kind that they can be', async () => {
  const pandaLm = file('p.jsonl', [ROWS.pandalm.row]);
  const prompt = [user('Shorten.\n\nA text.')];
  expect((await loadJudgedPairs(pandaLm)).rows[0]).toMatchObject({ id: '3', winner: 'b', prompt });
  expect((await loadPreferences(pandaLm)).rows[0]).toMatchObject({ prompt, chosen: 'two', rejected: 'one' });
  expect((await loadSftExamples(pandaLm)).rows[0]).toMatchObject({ messages: [...prompt, assistant('two')] });
  expect((await loadPrompts(pandaLm)).rows[0]).toMatchObject({ prompt });
  const [{ prompt: asked, chosen }] = (await loadPreferences(file('a.jsonl', [ROWS.arena.row]))).rows;
  expect([asked, chosen]).toEqual([[user('q')], 'two']);
});

it('ties, verdicts that are three, and later turns prefer nothing, and say so', async () => {
  const rows = [
    ROWS.pandalm.row,
    { ...ROWS.pandalm.row, annotator1: 0 },
    { ...ROWS.pandalm.row, annotator1: 0, annotator2: 0 },
    { ...ROWS.pandalm.row, annotator1: 3 },
  ];
  const { issues } = await loadPreferences(file('ties.jsonl', rows));
  expect(issues.map(({ line, code, reason }) => [line, code, reason])).toEqual([
    [2, 'no-verdict', 'the three verdicts are three different ones'],
    [3, 'no-verdict', 'a tie prefers neither answer'],
    [4, 'unknown-shape', expect.stringMatching(/verdicts of 0, 1 or 2 .*received \[3, 1, 2\]/)],
  ]);
  const later = [ROWS.arena.row, { ...ROWS.arena.row, turn: 2 }];
  expect((await loadJudgedPairs(file('turns.jsonl', later))).issues).toMatchObject([
    { line: 2, code: 'differing-prompts' },
  ]);
});

it('an answer that is no text is named, as of PandaLM true is', async () => {
  const rows = [{ ...ROWS.pandalm.row, response1: true }, ROWS.pandalm.row];
  expect((await loadJudgedPairs(file('true.jsonl', rows))).issues).toMatchObject([
    { line: 1, code: 'unknown-shape', reason: 'expected a text in response1, received true' },
  ]);
});

it('RewardBench 2 is told by its lists, and says what does not fit', async () => {
  const row: Row = {
    ...ROWS['rewardbench-2'].row,
    chosen: ['one', 'two'],
    num_correct: 2,
    total_completions: 3,
  };
  const rows = [
    row,
    { ...row, num_correct: 3 },
    { ...row, rejected: [] },
    { ...row, chosen: ['one', 2] },
    { ...row, subset: 'Ties' },
    { ...row, subset: 'Ties', id: 'tied:3' },
  ];
  const path = file('bench2.jsonl', rows);
  const { rows: pairs, issues } = await loadPreferences(path);
  expect(pairs.map(({ id, chosen, rejected }) => [id, chosen, rejected])).toEqual([
    ['7/0/0', 'one', 'two'],
    ['tied:3/0/0', 'one', 'two'],
  ]);
  expect(issues.map(({ line, reason }) => [line, reason])).toEqual([
    [1, 'chosen and rejected are equal'],
    [2, 'expected 2 in num_correct, as there are answers, received 3'],
    [3, 'expected a list of texts, one at least, in rejected, received []'],
    [4, expect.stringContaining('a list of texts, one at least, in chosen')],
    [5, 'expected an id of ref:NUMBER or tied:NUMBER in the subset Ties, received "7"'],
    [6, 'chosen and rejected are equal'],
  ]);
  const { num_correct: _, num_incorrect: __, total_completions: ___, ...bare } = row;
  expect(shapeOf(bare)).toBe('rewardbench-2');
  expect(shapeOf({ ...bare, chosen: [assistant('one')] })).toBe('own');
});

it('UltraFeedback draws the other answer by the instruction alone, among those rated lower', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    instruction: `question ${i}`,
    completions: ['5', '1', '5', '2'].map((rating, k) =>
      rated(`answer ${k}`, { helpfulness: rating }, 'Text 1 is it.'),
    ),
  }));
  const { rows: pairs } = await loadPreferences(file('uf.jsonl', rows));
  expect(new Set(pairs.map(({ rejected }) => rejected))).toEqual(new Set(['answer 1', 'answer 3']));
  expect(pairs.every(({ chosen, rationales }) => chosen === 'answer 0' && rationales === undefined)).toBe(
    true,
  );
  expect(
    (await loadPreferences(file('uf2.jsonl', rows.toReversed()))).rows.map(({ rejected }) => rejected),
  ).toEqual(pairs.map(({ rejected }) => rejected).toReversed());
  const equal = {
    instruction: 'q',
    completions: [rated('a', { honesty: '3' }), rated('b', { honesty: '3' }), rated('c', {})],
  };
  expect((await readDataFile(file('equal.jsonl', [equal]))).issues).toMatchObject([{ code: 'no-verdict' }]);
});

it('a reading that is named may make several rows of one, each with its place', async () => {
  const row = {
    instruction: 'q',
    completions: [
      rated('a', { help: '4', honesty: '2' }, 'Why.'),
      rated('b', { help: '3', honesty: '3' }, 'So.'),
    ],
  };
  const path = file('principles.jsonl', [row, { ...row, completions: [] }, row]);
  const { rows, issues, read } = await loadPreferences(path, { shape: 'ultrafeedback-principles' });
  expect(rows.map(({ place, chosen, labels }) => [place, chosen, labels])).toEqual(
    [1, 3].flatMap((line) => [
      [`${path}:${line}`, 'a', { help: 'chosen' }],
      [`${path}:${line}`, 'b', { honesty: 'chosen' }],
    ]),
  );
  expect([issues.map(({ line }) => line), read]).toEqual([[2], 5]);
  const { rows: examples } = await loadSftExamples(path, { shape: 'ultrafeedback-demonstrations' });
  expect(examples[0]).toMatchObject({
    messages: [{ role: 'system', content: 'Be helpful.' }, user('q'), assistant('a')],
  });
});

it('a file has rows of one shape, others are left out by name, and a file of none names what there is', async () => {
  const mixed = await readDataFile(
    file('mixed.jsonl', [ROWS.pandalm.row, ROWS.llmbar.row, ROWS.pandalm.row]),
  );
  expect(mixed.rows.map(({ line }) => line)).toEqual([1, 3]);
  expect(mixed.issues).toMatchObject([{ line: 2, code: 'other-shape' }]);
  expect(mixed.issues[0].reason).toMatch(
    /^expected rows of one shape, pandalm as on line 1, received llmbar \(columns input, output_1, /,
  );
  const own = await readDataFile(file('own.jsonl', [ROWS.llmbar.row, { prompt: 'q' }]));
  expect(own.issues[0].reason).toMatch(/llmbar as on line 1, received TRL's \(columns prompt\)/);
  const failure: unknown = await loadPreferences(file('none.jsonl', [{ q: 1, r: 2 }])).catch(
    (error: unknown) => error,
  );
  expect(isError(failure, 'SJ_DATA') && failure.message).toMatch(
    /expected columns chosen and rejected, received q, r[^]*shapes known: .*pandalm.*mapping/,
  );
  const { issues } = await readDataFile(file('named.jsonl', [ROWS.llmbar.row]), { shape: 'pandalm' });
  expect(issues[0].reason).toMatch(
    /expected the columns of pandalm \(instruction, .*received input, output_1/,
  );
});
