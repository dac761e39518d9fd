import { expect, it } from 'vitest';
import { TurnLines } from './turnLines.js';

const turns = (...lines: string[]) => {
  const all = new TurnLines();
  return { turns: lines.map((line) => all.add(line)).filter((turn) => turn !== undefined), rest: all.end() };
};

it('takes a line for a turn', () => {
  expect(turns('a', '', 'b')).toEqual({ turns: ['a', '', 'b'], rest: undefined });
});

it('goes on after a backslash', () => {
  expect(turns('a\\', 'b\\', 'c', 'd')).toEqual({ turns: ['a\nb\nc', 'd'], rest: undefined });
});

it('goes on from three quotes up to three quotes', () => {
  expect(turns('"""a', '', 'b"""', 'c').turns).toEqual(['a\n\nb', 'c']);
  expect(turns('"""', '  a\\', '/exit', '"""', 'c').turns).toEqual(['  a\\\n/exit', 'c']);
  expect(turns('"""a"""').turns).toEqual(['a']);
});

it('keeps the lines of a paste together', () => {
  const lines = new TurnLines();
  expect(lines.add('a', true)).toBeUndefined();
  expect(lines.open).toBe(true);
  expect(lines.add('b')).toBe('a\nb');
  expect(lines.open).toBe(false);
});

it('gives back what nothing made whole', () => {
  expect(turns('a\\', 'b\\')).toEqual({ turns: [], rest: 'a\nb' });
  expect(turns('"""a', 'b')).toEqual({ turns: [], rest: 'a\nb' });
});
