import { ConfigError, FaultError, fileSystemError, OutOfMemoryError } from '@selfjudge/base';
import { describe, expect, it } from 'vitest';
import { reportStopped } from './stopped.js';

function reported(error: unknown, { kept }: { kept?: string } = { kept: 'checkpoint c is kept' }) {
  let text = '';
  const code = reportStopped(error, kept, { write: (more) => (text += more) });
  return { code, lines: text.trimEnd().split('\n') };
}
const OFFER = 'checkpoint c is kept; run the same command again to go on from there';

describe('reportStopped', () => {
  it('offers what is kept where the same command may do better', () => {
    const fault = new FaultError({ op: 'linear', sequence: 7, cause: 'the device was lost' });
    expect(reported(fault)).toEqual({ code: 1, lines: [`error: ${fault.message}`, OFFER] });
    const full = Object.assign(new Error('ENOSPC: no space left, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    expect(reported(fileSystemError('a', 'room', full)).lines[1]).toBe(OFFER);
    expect(reported(fault, {}).lines).toEqual([`error: ${fault.message}`]);
  });

  it('says what takes less memory', () => {
    const memory = new OutOfMemoryError('y', { where: 'linear', expected: '9 bytes', received: 'none' });
    const advice =
      'a smaller token_budget, or activation_recompute: on, takes less memory; both may change while a run is under way';
    expect(reported(memory).lines.slice(1)).toEqual([advice, OFFER]);
  });

  it('offers nothing where the same command would fail again', () => {
    const config = new ConfigError({ key: 'lr', expected: 'above 0', received: -1 });
    expect(reported(config)).toEqual({ code: 2, lines: [`error: ${config.message}`] });
    expect(reported(AbortSignal.abort().reason)).toEqual({ code: 130, lines: [''] });
  });
});
