import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { byteTokenizer } from '@selfjudge/text';
import {
  mutateJson,
  mutateText,
  mutateValue,
  type FuzzCase,
  type FuzzTarget,
} from '@selfjudge/testing/fuzz/index';
import { parseYaml } from '@selfjudge/data';
import { judgeSequences } from '../examples.js';
import { parseJudgeTemplate } from '../parseTemplate.js';
import { formatJudgeTemplate, loadJudgeTemplate } from '../templateFile.js';

const FOLDER = fileURLToPath(new URL('../../templates/', import.meta.url));

/** Words of YAML and of templates: what nests, refers, is folded or is no text. */
const WORDS = [
  ...': | > |- >+ [ ] { } , # &a *a !! ~ null true .inf .nan 0x1f 1e999 {context}'.split(' '),
  ...'{response_a} {response_b} {principle} {rationale} {rationale_a} {__proto__} {{'.split(' '),
  ...'name user system assistant verdicts principles text rationale conversation speakers __proto__'.split(
    ' ',
  ),
  ...'constructor <|im_end|> <|im_start|> é 🙂'.split(' '),
  '- ',
  '? ',
  ': ',
  '"',
  "'",
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
  '!!timestamp ',
  '!!omap ',
  '&a [*a, *a, *a, *a, *a, *a, *a, *a, *a]',
  '&b [*b]',
  ' A',
  ' B',
];

/** How often a text is encoded when a pair is asked about: questions, orders, verdicts. */
const TEXTS_ASKED = 8;

interface Input {
  /** A file, or the value of one, which takes less time. */
  source: { path: string } | { value: unknown };
  /** Whether questions about a pair are made of it. */
  asked: boolean;
}

/** A judge's template in a file, and what it makes of a pair. */
export function judgeTemplateTarget(folder: string): FuzzTarget<Input> {
  const path = join(folder, 'template.yaml');
  const texts = ['plain.yaml', 'rationale.yaml', 'principles.yaml', 'principles-first.yaml'].map((name) =>
    readFileSync(join(FOLDER, name), 'utf8'),
  );
  const documents = texts.map((text): unknown => parseYaml(text));
  const tokenizer = byteTokenizer({ words: [' A', ' B'] });
  const pair = {
    prompt: 'Why?',
    chosen: 'Because {response_b}.',
    rejected: 'No.',
    rationales: { overall: { chosen: 'right', rejected: 'wrong' } },
  };
  return {
    name: 'judge template',
    // The parser of YAML keeps a node, a range and the source of every word.
    heapPerByte: 3000,
    make(random): FuzzCase<Input> {
      const how: string[] = [];
      const asked = random.below(40) === 0;
      if (random.below(4) > 0) {
        const { value, size } = mutateValue(random.choice(documents), random, how);
        return { input: { source: { value }, asked }, size: asked ? TEXTS_ASKED * size : size, how };
      }
      const bytes =
        random.below(2) === 0
          ? mutateText(random.choice(texts), random, how, WORDS)
          : mutateJson(random.choice(documents), random, how);
      writeFileSync(path, bytes);
      return {
        input: { source: { path }, asked },
        size: asked ? TEXTS_ASKED * bytes.length : bytes.length,
        how,
      };
    },
    parse({ source, asked }) {
      const template = 'path' in source ? loadJudgeTemplate(source.path) : parseJudgeTemplate(source.value);
      if ('path' in source) parseJudgeTemplate(parseYaml(formatJudgeTemplate(template)));
      // Every question encodes all of the text, several times.
      if (!asked || formatJudgeTemplate(template).length > 5000) return;
      for (const { tokens } of judgeSequences(pair, template, tokenizer).sequences) {
        if (!Array.from(tokens).every(Number.isInteger)) throw new Error('a token that is no id');
      }
    },
  };
}
