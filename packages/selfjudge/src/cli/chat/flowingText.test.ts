import { describe, expect, it } from 'vitest';
import { FlowingText } from './flowingText.js';

function shown(width: number, ...pieces: string[]): string {
  let text = '';
  const flow = new FlowingText({ write: (part: string) => (text += part) }, width);
  for (const piece of pieces) flow.write(piece);
  flow.end();
  return text;
}

describe('FlowingText', () => {
  it('breaks lines between words, however the text comes', () => {
    const text = 'The quick brown fox jumps over the lazy dog';
    const expected = 'The quick \nbrown fox \njumps over \nthe lazy \ndog\n';
    expect(shown(11, text)).toBe(expected);
    expect(shown(11, ...text)).toBe(expected);
  });

  it('keeps line breaks and the spaces after them, and breaks words longer than a line', () => {
    expect(shown(10, 'a:\n    b\n\nc')).toBe('a:\n    b\n\nc\n');
    expect(shown(4, 'abcdefghij')).toBe('abcd\nefgh\nij\n');
  });

  it('counts two columns for a wide character, and may end a line at any', () => {
    expect(shown(5, '好好好 b')).toBe('好好\n好 b\n');
  });
});
