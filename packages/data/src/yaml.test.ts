import { describe, expect, it } from 'vitest';

import { parseYaml } from './yaml.js';

describe('parseYaml', () => {
  it('reads YAML and JSON', () => {
    expect(parseYaml('a: &x [1, 2.5, yes, "no"]\nb: *x\nc: |-\n  {d}\n  e\n')).toEqual({
      a: [1, 2.5, 'yes', 'no'],
      b: [1, 2.5, 'yes', 'no'],
      c: '{d}\ne',
    });
    expect(parseYaml('{"a": {"b": [null, true]}}')).toEqual({ a: { b: [null, true] } });
    expect(parseYaml('')).toBeNull();
  });

  const refused: [string, string, RegExp][] = [
    ['a key twice', 'a: 1\nb: 2\na: 3', /each key once, received 'a' twice \(line 3\)/],
    ['broken syntax', 'a: 1\nb: [1, 2', /\(line 2\)/],
    ['a key that is a list', '? [1, 2]\n: 3', /keys that are texts/],
    ['a value inside itself', 'a: &b [*b]', /no value inside itself/],
    ['an alias of nothing', 'a: *b', /alias/],
    ['two documents', 'a: 1\n---\nb: 2', /one document/],
    ['deep brackets', '['.repeat(100_000), /levels of nesting/],
    ['deep compact maps', `- { a${'  : b'.repeat(20_000)} }`, /levels of nesting/],
    ['a long text', 'a: 1\n'.repeat(100_000), /at most 131072 characters/],
  ];
  for (const [name, text, message] of refused) {
    it(`refuses ${name}`, () => {
      expect(() => parseYaml(text)).toThrow(SyntaxError);
      expect(() => parseYaml(text)).toThrow(message);
    });
  }

  it('takes thousands of keys', () => {
    const text = Array.from({ length: 12_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(Object.keys(parseYaml(text) as object)).toHaveLength(12_000);
  });
});
