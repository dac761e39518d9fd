import { describe, expect, it } from 'vitest';
import { numberFlag, wholeFlag } from './values.js';

describe('numberFlag and wholeFlag', () => {
  it('read numbers in their range', () => {
    expect(numberFlag({ least: 0, most: 1 })('0.5')).toBe(0.5);
    expect(wholeFlag()('12')).toBe(12);
  });

  it('say what was expected', () => {
    expect(() => numberFlag()('')).toThrow('Expected a number.');
    expect(() => numberFlag({ least: 0, most: 1 })('2')).toThrow('Expected a number from 0 to 1.');
    expect(() => wholeFlag({ least: 1 })('1.5')).toThrow('Expected a whole number from 1.');
  });
});
