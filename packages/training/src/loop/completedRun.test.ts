import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { atomicFolder } from './atomicFolder.js';
import { readCompleted, type CompletedRun } from './completedRun.js';
import { RunFolder } from './runFolder.js';

const root = mkdtempSync(join(tmpdir(), 'selfjudge-completed-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('readCompleted', () => {
  const folder = RunFolder.open(root);
  afterEach(() => rmSync(folder.final, { recursive: true, force: true }));
  afterAll(() => folder.close());
  const ended: CompletedRun = {
    status: 'completed',
    step: 6,
    bestStep: 4,
    chosenBy: { judge: 'own', n: 8 },
    numTokens: 100,
    last: { loss: 0.5, kl: NaN },
    final: folder.final,
  };
  const read = async (summary: Record<string, unknown>) => {
    await atomicFolder(folder.final, async (dir) => writeFileSync(join(dir, 'weights'), 'abc'));
    folder.writeSummary(summary);
    return readCompleted(folder);
  };

  it('gives what was written, numbers that were not finite too, where the folder lies now', async () => {
    expect(readCompleted(folder)).toBeUndefined();
    expect(await read({ verb: 'dpo', ...ended })).toEqual(ended);
    const { chosenBy: _, ...other } = ended;
    expect(await read({ ...other, final: '/where/it/was/final' })).toEqual(other);
  });

  it.each([
    [{ step: '6' }, 'step a whole number'],
    [{ bestStep: undefined }, 'bestStep a whole number'],
    [{ numTokens: 1.5 }, 'numTokens a whole number'],
    [{ last: [0.5] }, 'last an object'],
    [{ chosenBy: 'own' }, 'chosenBy an object'],
    [{ chosenBy: { judge: 'own' } }, 'n a whole number'],
  ])('names what is damaged: %j', async (change, fault) => {
    await expect(read({ ...ended, ...change })).rejects.toThrow(
      new RegExp(
        `/summary.json: expected ${fault}, received .*\\nit is damaged; after rm -r \\S+/summary.json`,
      ),
    );
  });
});
