import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { rowShape } from './rowShape.js';

it('is a name, or what a file says', () => {
  expect(rowShape('auto')).toBe('auto');
  expect(rowShape('pandalm')).toBe('pandalm');
  const folder = mkdtempSync(join(tmpdir(), 'selfjudge-shape-'));
  const path = join(folder, 'columns.yaml');
  writeFileSync(path, 'prompt: question\ncompletion: answer\n');
  expect(rowShape(path)).toEqual({ prompt: 'question', completion: 'answer' });
  writeFileSync(path, 'prompt: question\ncompletionn: answer\n');
  expect(() => rowShape(path)).toThrow(/dataset_shape.completionn: .*did you mean 'completion'/);
  rmSync(folder, { recursive: true });
  expect(() => rowShape('pandaml')).toThrow(
    /dataset_shape: expected auto, one of ultrafeedback, .*, or a file .*did you mean 'pandalm'/,
  );
});
