import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from './shellWord.js';

it('shellWord is one word of a shell, and plain where it can be', () => {
  const texts = ['runs/a_b-1.yaml', 'a b', "it's", '$HOME', '`ls`;', '', '*', 'a\nb', '~'];
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\0' ${texts.map(shellWord).join(' ')}`]);
  expect(String(stdout).split('\0').slice(0, -1)).toEqual(texts);
  expect(shellWord(texts[0])).toBe(texts[0]);
});
