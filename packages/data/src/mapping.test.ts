import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isError } from '@selfjudge/base';
import { afterAll, describe, expect, it } from 'vitest';

import { loadJudgedPairs, loadPreferences, loadSftExamples } from './load.js';
import { loadMapping, parseMapping, readMapped } from './mapping.js';
import { parseYaml } from './yaml.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-mapping-'));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}
const mapping = (yaml: string) => parseMapping(parseYaml(yaml));

describe('a mapping of columns', () => {
  it('reads judgments by the values of a verdict', async () => {
    const shape = loadMapping(
      file(
        'map.yaml',
        'id: meta.key\nprompt: [question, context]\ncompletions: [answers.0, answers.1]\n' +
          'winner: {column: verdict, values: {1: a, 2: b, none: tie}}\nrationale: why\n',
      ),
    );
    const rows = [
      { meta: { key: 'k' }, question: 'q', context: 'c', answers: ['x', 'y'], verdict: 2, why: 'better' },
      { meta: { key: 'l' }, question: 'q', context: '', answers: ['x', 'y'], verdict: 'none', why: 'same' },
      { meta: { key: 'm' }, question: 'q', answers: ['x', 'y'], verdict: 3, why: '' },
      { meta: { key: 'n' }, question: 'q', answers: ['x'], verdict: 1, why: '' },
    ];
    const path = file('rows.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const read = await loadJudgedPairs(path, { shape, promptFormat: 'chat' });
    expect(read.rows).toEqual([
      {
        id: 'k',
        place: `${path}:1`,
        prompt: 'q\n\nc',
        completions: ['x', 'y'],
        winner: 'b',
        rationale: 'better',
      },
      { id: 'l', place: `${path}:2`, prompt: 'q', completions: ['x', 'y'], winner: 'tie', rationale: 'same' },
    ]);
    expect(read.issues.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'expected 1, 2, none in verdict (winner), received 3'],
      [4, 'expected a column answers.1 (completions), received meta, question, answers, verdict, why'],
    ]);
  });

  it('reads conversations under other names, and preferences', async () => {
    const talk = mapping(
      'messages: {column: talk, role: who, content: said, roles: {person: user, machine: assistant}}',
    );
    const talks = {
      talk: [
        { who: 'person', said: 'q' },
        { who: 'machine', said: 'a' },
      ],
    };
    const path = file('talk.json', JSON.stringify([talks, { talk: [{ who: 'dog', said: 'woof' }] }]));
    const { rows, issues } = await loadSftExamples(path, { shape: talk });
    expect(rows[0]).toMatchObject({
      messages: [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    });
    expect(issues[0].reason).toBe('expected person, machine in talk.0.who, received "dog"');
    const csv = file('pairs.csv', 'question,good,bad\n1,2,3\n');
    const pairs = await loadPreferences(csv, {
      shape: mapping('{prompt: question, chosen: good, rejected: bad}'),
    });
    expect(pairs.rows[0]).toMatchObject({ prompt: { text: '1' }, chosen: '2', rejected: '3' });
  });

  it('takes a column whose name has a point before a place in one', () => {
    expect(readMapped({ prompt: 'a.b' }, { 'a.b': 'own', a: { b: 'inner' } }).value).toEqual({
      prompt: 'own',
    });
    expect(readMapped({ prompt: 'a.b' }, { a: { b: 'inner' } }).value).toEqual({ prompt: 'inner' });
    for (const path of ['constructor', 'a.constructor', '__proto__'])
      expect(readMapped({ prompt: path }, { a: {} }).problem?.reason).toMatch(/^expected a column/);
  });

  it.each([
    ['promt: question', /dataset_shape\.promt: expected a key of a mapping .*did you mean 'prompt'/],
    ['winner: {column: v, values: {x: c}}', /dataset_shape\.winner: /],
    ['completions: [a]', /dataset_shape\.completions/],
    ['{}', /expected a column for one of its keys/],
    ['[]', /dataset_shape: /],
  ])('is refused by its key: %s', (yaml, message) => {
    expect(() => mapping(yaml)).toThrow(message);
  });

  it('names a file that is none', () => {
    const failure = (path: string) => {
      try {
        return loadMapping(path);
      } catch (error) {
        return error;
      }
    };
    expect(isError(failure(file('no.yaml', 'a: [')), 'SJ_FILE_FORMAT')).toBe(true);
    expect(isError(failure(join(folder, 'none.yaml')), 'SJ_FILE_SYSTEM')).toBe(true);
  });
});
