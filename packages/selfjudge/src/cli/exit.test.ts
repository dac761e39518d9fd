import { ArgumentError, ConfigError, DataError } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { report } from './exit.js';

function reported(error: unknown): { code: number; text: string } {
  let text = '';
  const code = report(error, { write: (more) => (text += more) });
  return { code, text };
}

describe('report', () => {
  it('ends with 2 for wrong calls, with 1 for what failed, without a stack', () => {
    const config = new ConfigError({ key: 'lr', expected: 'above 0', received: -1 });
    expect(reported(config)).toEqual({ code: 2, text: 'error: lr: expected above 0, received -1\n' });
    const data = new DataError({ path: 'a.jsonl', line: 3, reason: 'no rows' });
    expect(reported(data)).toEqual({ code: 1, text: 'error: a.jsonl:3: no rows\n' });
    expect(reported(new ArgumentError('x', { where: 'f', expected: 'a', received: 'b' })).code).toBe(1);
  });

  it('keeps the stack of an error of the program', () => {
    const { code, text } = reported(new TypeError('undefined is not a function'));
    expect(code).toBe(1);
    expect(text).toMatch(/^error: TypeError: undefined is not a function\n\s+at /);
  });

  it('ends with 130 and in silence when interrupted', () => {
    expect(reported(AbortSignal.abort().reason)).toEqual({ code: 130, text: '' });
  });
});
