import { copyFileSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { Tokenizer } from './tokenizer.js';

const file = join(import.meta.dirname, '../../../../shared/data/tokenizers/gpt2-tokenizer.json');
const present = existsSync(file);
if (!present) console.log(`skipped: no tokenizer at ${file}`);

/** GPT-2's vocabulary with added runs of white space; the ids are those of Python's tokenizers 0.23. */
describe.skipIf(!present)('a real byte-level tokenizer', () => {
  const load = () => {
    const dir = mkdtempSync(join(tmpdir(), 'selfjudge-tokenizer-'));
    copyFileSync(file, join(dir, 'tokenizer.json'));
    const config = { eos_token: '<|endoftext|>', bos_token: '<|endoftext|>' };
    writeFileSync(join(dir, 'tokenizer_config.json'), JSON.stringify(config));
    return Tokenizer.load(dir);
  };

  it('gives the ids of the original', async () => {
    const tokenizer = await load();
    const cases: [string, number[]][] = [
      [
        'def f(x):\n        return x  # 12 ½',
        [4299, 277, 7, 87, 2599, 198, 50280, 7783, 2124, 50286, 2, 1105, 25208],
      ],
      ["漢字 🙂\u0085 don't\t\t\tstop", [162, 120, 95, 27764, 245, 32485, 126, 227, 836, 470, 50293, 11338]],
    ];
    for (const [text, ids] of cases) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  it('keeps text that looks like its control token as text', async () => {
    const tokenizer = await load();
    expect(tokenizer.encode('<|endoftext|>')).not.toContain(50256);
    expect(tokenizer.decode(tokenizer.encode('<|endoftext|>'))).toBe('<|endoftext|>');
    expect(tokenizer.encode('<|endoftext|>', { special: true })).toEqual([50256]);
  });
});
