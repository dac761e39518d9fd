import { DataError } from '@selfjudge/base';
import { mutateJson, mutateText, type FuzzCase, type FuzzTarget } from '@selfjudge/testing/fuzz/index';

import { parseYaml } from '../yaml.js';

const WORDS = [
  ...': | > |- >+ [ ] { } , # *a !! ~ null true .inf .nan 0x1f 1e999 __proto__ @'.split(' '),
  '- ',
  '? ',
  ': ',
  '"',
  "'",
  '&a ',
  '<<: *a',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '\n',
  '\n  ',
  '\t',
  '\r\n',
  '\0',
  '!!binary ',
  '!!set ',
  '!!omap ',
  '&a [*a, *a, *a, *a, *a, *a, *a, *a, *a]',
  '&b [*b]',
];
const TEXTS = [
  'name: plain\nuser: |-\n  {context}\n\n  {response_a}\nverdicts: { a: " A", b: \' B\' }\n',
  'a: &x [1, 2.5, yes]\nb: *x\nlist:\n  - { name: n, text: >-\n      folded\n      text }\n  - ? key\n    : value\n',
];
/** What nests, repeated. */
const LEVELS = ['[', '{a: ', '- ', '? ', ': a ', '&a [', '!!a {b: '];
const DOCUMENT = { a: [1, { b: 'c' }], d: { e: null } };

/** Short texts in YAML. */
export function yamlTarget(): FuzzTarget<string> {
  return {
    name: 'YAML',
    // The library keeps a node, a range and the source of every word.
    heapPerByte: 3000,
    make(random): FuzzCase<string> {
      const how: string[] = [];
      if (random.below(200) === 0) {
        const [level, times] = [random.choice(LEVELS), random.choice([30, 2000, 20_000])];
        const input = `a:\n  - { b ${level.repeat(times)}`;
        return { input, size: input.length, how: [`'${level}' ${times} times`] };
      }
      const bytes =
        random.below(4) === 0
          ? mutateJson(DOCUMENT, random, how)
          : mutateText(random.choice(TEXTS), random, how, WORDS);
      return { input: bytes.toString('utf8'), size: bytes.length, how };
    },
    parse(text) {
      try {
        JSON.stringify(parseYaml(text));
      } catch (error) {
        if (!(error instanceof SyntaxError))
          throw new Error('not what it promises to throw', { cause: error });
        throw new DataError({ path: 'yaml', line: 1, reason: error.message });
      }
    },
  };
}
