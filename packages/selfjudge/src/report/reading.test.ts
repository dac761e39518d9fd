import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { reading } from './reading.js';
import { readReport } from './runReport.js';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-reading-'));
afterAll(() => rmSync(folder, { recursive: true }));

function sentences(losses: readonly number[]): string[] {
  const rows = losses.map((eval_loss, i) => `${JSON.stringify({ step: i + 1, epoch: 0, eval_loss })}\n`);
  writeFileSync(join(folder, 'config.yaml'), 'verb: sft\n');
  writeFileSync(join(folder, 'metrics.jsonl'), rows.join(''));
  return reading(readReport(folder), undefined);
}

it('a held-out loss that was measured once went nowhere', () => {
  expect(sentences([3.2112])[1]).toMatch(/^The loss on held-out rows was 3\.21 at step 1, measured once; /);
  expect(sentences([3.2112, 2.5])[1]).toMatch(/ went from 3\.21 at step 1 to 2\.50 at step 2; /);
});
