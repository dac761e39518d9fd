import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { refuseOtherConfig } from '../training/sameRun.js';
import { renaming, underTodaysKeys, underTodaysNames } from './renamed.js';
import { resolveConfig, resolveVerb } from './resolve.js';
import { MODEL_VERBS } from './modelVerbs.js';

const notes: string[] = [];
renaming.onNote = (note) => void notes.push(note);
afterEach(() => void notes.splice(0));

describe('earlier words', () => {
  it('mean what today is called otherwise, with one note a process', () => {
    const score = () => resolveVerb('judge', MODEL_VERBS.judge, { flags: { model: 'm', template: 'plain' } });
    expect(score()).toMatchObject({ model_name_or_path: 'm', judge_template: 'plain' });
    expect(notes).toEqual([
      'model is called model_name_or_path now; the old name works in this release',
      'template is called judge_template now; the old name works in this release',
    ]);
    expect(score()).toMatchObject({ model_name_or_path: 'm', judge_template: 'plain' });
    expect(underTodaysNames({ template: 'plain', seed: 1 })).toEqual({ judgeTemplate: 'plain', seed: 1 });
    expect(notes).toHaveLength(2);
  });

  it('work in files and in the folders of earlier runs', () => {
    const folder = mkdtempSync(join(tmpdir(), 'selfjudge-renamed-'));
    try {
      const file = join(folder, 'config.yaml');
      writeFileSync(file, 'model: m\ndataset_name: a\noutput_dir: out\n');
      expect(resolveConfig('dpo', { file })).toMatchObject({ model_name_or_path: 'm' });
      writeFileSync(file, 'verb: quickstart\ntemplate: plain\n');
      const config = { verb: 'quickstart', judge_template: 'plain' };
      expect(() => refuseOtherConfig(folder, config, { keys: new Set() })).not.toThrow();
      const other = { ...config, judge_template: 'rationale' };
      expect(() => refuseOtherConfig(folder, other, { keys: new Set() })).toThrow(
        /judge_template: expected "plain"/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('beside the word of today are refused; what was not given is not', () => {
    expect(() => underTodaysKeys({ template: 'a', judge_template: 'b' })).toThrow(
      /template: expected one of template and judge_template, .*received both/,
    );
    expect(underTodaysNames({ template: undefined, judgeTemplate: 'b' })).toEqual({ judgeTemplate: 'b' });
  });
});
