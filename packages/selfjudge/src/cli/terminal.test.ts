import { expect, it } from 'vitest';
import { fitted, harmless, hasColours, painter, textWidth } from './terminal.js';

const terminal = { isTTY: true, write: () => {} };

it('paints terminals alone, and none that asks for no colour', () => {
  expect(painter(terminal, {})('x', 'green', 'bold')).toBe('\x1b[1m\x1b[32mx\x1b[39m\x1b[22m');
  expect(painter(terminal, { NO_COLOR: '1' })('x', 'green')).toBe('x');
  expect(painter(terminal, { TERM: 'dumb' })('x', 'green')).toBe('x');
  expect(painter({ write: () => {} }, {})('x', 'green')).toBe('x');
  expect(hasColours(terminal, { NO_COLOR: '' })).toBe(true);
});

it('takes 256 colours where there are so many', () => {
  expect(painter({ ...terminal, getColorDepth: () => 8 }, {})('x', 'onGreen')).toContain('48;5;28');
  expect(painter({ ...terminal, getColorDepth: () => 4 }, {})('x', 'onGreen')).toBe('\x1b[32mx\x1b[39m');
});

it('shows control characters as pictures', () => {
  expect(harmless('a\x1b[2Jb\x07\x7f\x9b\r\nc\td')).toBe('a␛[2Jb␇␡\uFFFD\nc    d');
});

it('counts columns', () => {
  expect(textWidth('abc')).toBe(3);
  expect(textWidth('好é\u0301')).toBe(3);
  expect(textWidth('\u{1F600}')).toBe(2);
  expect(fitted('a\nb', 5)).toBe('a b  ');
  expect(fitted('abcdefgh', 5)).toBe('abcd…');
  expect(fitted('好好好', 4)).toBe('好… ');
});
