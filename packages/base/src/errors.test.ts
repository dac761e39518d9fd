import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  ConfigError,
  DataError,
  FaultError,
  FileFormatError,
  fileSystemError,
  isError,
  SelfjudgeError,
  show,
  type FileSystemError,
} from './errors.js';

describe('errors', () => {
  it('say what, where, expected and received', () => {
    const error = new ArgumentError('eps', {
      where: 'rmsNorm',
      expected: 'a number from 0 to 1',
      received: 2,
    });
    expect(error.message).toBe('[rmsNorm] eps: expected a number from 0 to 1, received 2');
    expect(error.details).toMatchObject({ what: 'eps', where: 'rmsNorm', received: 2 });
    expect(error).toBeInstanceOf(SelfjudgeError);
    expect(error.name).toBe('ArgumentError');
  });

  it('name the place in a file', () => {
    const broken = new FileFormatError({ path: 'a.gguf', offset: 12, expected: 'magic', received: 'JPEG' });
    expect(broken.message).toBe('a.gguf at byte 12: expected magic, received JPEG');
    const mended = new FileFormatError({
      path: 'a',
      expected: 'b',
      received: 'c',
      advice: 'after rm a all is well',
    });
    expect(mended.message).toBe('a: expected b, received c\nafter rm a all is well');
    expect(new DataError({ path: 'x.jsonl', line: 3, reason: 'no prompt' }).message).toBe(
      'x.jsonl:3: no prompt',
    );
  });

  it('name the nearest key and the command that failed', () => {
    const config = new ConfigError({
      key: 'betta',
      expected: 'a known key',
      received: 'betta',
      nearest: 'beta',
    });
    expect(config.message).toContain("did you mean 'beta'?");
    const fault = new FaultError({ op: 'embedding', sequence: 7, cause: 'id 9 of 7' });
    expect(fault.message).toBe('[embedding] command 7 failed: id 9 of 7');
  });

  it('are told apart by code, also across copies of the package', () => {
    expect(isError(new DataError({ path: 'x', line: 1, reason: 'r' }), 'SJ_DATA')).toBe(true);
    expect(isError(new DataError({ path: 'x', line: 1, reason: 'r' }), 'SJ_FAULT')).toBe(false);
    expect(isError(Object.assign(new Error('from elsewhere'), { code: 'SJ_CONFIG' }), 'SJ_CONFIG')).toBe(
      true,
    );
    expect(isError(Object.assign(new Error('a file'), { code: 'ENOENT' }))).toBe(false);
    expect(isError('SJ_DATA')).toBe(false);
  });

  it('show any value, briefly', () => {
    let deep: unknown = 0;
    for (let i = 0; i < 100_000; i++) deep = i % 2 === 0 ? [deep] : { deep };
    const odd = [
      deep,
      { toString: 1 },
      [{ toJSON: 2 }],
      5n,
      Symbol('s'),
      Object.create(null),
      'x'.repeat(1e6),
    ];
    for (const received of [...odd, odd, { odd }, Object.fromEntries(odd.map((value, i) => [i, value]))]) {
      const { message } = new FileFormatError({ path: 'f', expected: 'e', received });
      expect(message.length).toBeLessThan(250);
    }
    expect(show({ a: [1, 'b', null], c: 'd' })).toBe('{"a":[1, b, null],"c":"d"}');
    expect(show([1, 2, 3, 4, 5, 6, 7, 8, 9])).toBe('[1, 2, 3, 4, 5, 6, 7, 8, ... 9 in all]');
  });

  it("give the system's errors their place, and leave others as they are", () => {
    const system = Object.assign(new Error("ENOSPC: no space left on device, write '/tmp/.x'"), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    const error = fileSystemError('/runs/x', 'a file that can be written', system) as FileSystemError;
    expect(error.message).toBe(
      '/runs/x: expected a file that can be written, received ENOSPC: no space left on device',
    );
    expect(error).toMatchObject({ code: 'SJ_FILE_SYSTEM', cause: system });
    expect(fileSystemError('/other', 'anything', error)).toBe(error);
    const other = new TypeError('x');
    expect(fileSystemError('/other', 'anything', other)).toBe(other);
  });

  it('shorten long values', () => {
    const long = new ArgumentError('x', {
      where: 'f',
      expected: 'less',
      received: Array.from({ length: 99 }, () => 1),
    });
    expect(long.message).toContain('99 in all');
  });
});
