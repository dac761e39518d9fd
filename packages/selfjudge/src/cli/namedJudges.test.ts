import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { judgeName, namedJudges } from './namedJudges.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-named-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (content: string) => {
  const path = join(folder, 'judges.yaml');
  writeFileSync(path, content);
  return path;
};

it('names who judges, whichever way it is said', () => {
  expect(namedJudges({ modelNameOrPath: 'm' }).judges).toEqual([{ kind: 'path', name: 'm' }]);
  const endpoint = { kind: 'endpoint', endpoint: 'http://h/v1', model: 'a b:1' };
  expect(namedJudges({ modelNameOrPath: 'a b:1', judgeEndpoint: 'http://h/v1' }).judges).toEqual([endpoint]);
  expect(namedJudges({ judge: ['terminal'] }).judges).toEqual([{ kind: 'person' }]);
  const several = file('judges: [runs/judge, people.jsonl, "http://h/v1#a%20b:1"]\nweights: [1, 2, 0.5]\n');
  expect(namedJudges({ judge: [several] })).toEqual({
    judges: [{ kind: 'path', name: 'runs/judge' }, { kind: 'path', name: 'people.jsonl' }, endpoint],
    weights: [1, 2, 0.5],
  });
  expect(judgeName({ judge: ['a', 'b'] })).toBe('a + b');
});

it.each([
  [{}, /judge: expected who judges \(--judge, or -m MODEL\), received nothing/],
  [{ judge: ['a'], modelNameOrPath: 'b' }, /model_name_or_path: expected nothing beside judge/],
  [{ judge: ['a'], adapter: 'b' }, /adapter: expected nothing beside judge/],
  [{ judge: ['people.jsonl', 'terminal'] }, /judge: expected terminal alone/],
  [{ judge: ['http://h/v1'] }, /judge: expected the address of an endpoint .*URL#MODEL/],
  [{ judge: ['a', 'b.yaml'] }, /judge: expected a file of several judges alone/],
  [{ judge: ['a', 'b'], cache: 'c' }, /cache: expected one judge that is no person/],
  [{ judge: ['terminal'], cache: 'c' }, /cache: expected one judge that is no person/],
  [{ judge: ['a', 'b'], explain: true }, /explain: expected one model that judges/],
  [{ judge: ['http://h/v1#m'], explain: true }, /explain: expected one model that judges/],
])('refuses %j', (options, message) => expect(() => namedJudges(options)).toThrow(message));

it.each([
  ['judges: [a]', /judges: expected two or more judges, received \[?.?a/],
  ['judges: [a, b]\nweights: [1]', /weights: expected as many weights as judges/],
  ['judges: [a, b]\nweights: [1, 0]', /weights: 1: expected a number above 0, received 0/],
  ['judges: [a, b]\nweight: [1, 2]', /expected a mapping with judges.*received weight/],
  ['- a', /expected a mapping with judges/],
  ['judges: [', /expected YAML with judges/],
])('refuses a file of %j', (content, message) =>
  expect(() => namedJudges({ judge: [file(content)] })).toThrow(message),
);
