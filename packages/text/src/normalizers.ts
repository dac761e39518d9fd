import type { Component } from './tokenizerFiles.js';
import { fromOniguruma } from './pattern.js';

export type TextRule = (text: string) => string;

/** What a normalizer does to a text, in two ways. */
export interface Normalizer {
  /** To text that nothing stands before, and to what follows an added token. */
  apply: TextRule;
  /** To text that continues other text: puts nothing before it. */
  continuing: TextRule;
}

const same: TextRule = (text) => text;

/**
 * @param part passes checkTokenizerJson
 * @throws Error for a pattern that we do not read
 */
export function normalizerOf(part: Component | null): Normalizer {
  const all = flattened(part, 'normalizers');
  const rules = all.map(ruleOf);
  return {
    apply: chained(rules),
    continuing: chained(rules.filter((_, i) => all[i].type !== 'Prepend')),
  };
}

/** The parts of a Sequence, and of those in it. */
export function flattened(part: Component | null, inner: string): Component[] {
  if (part === null) return [];
  if (part.type !== 'Sequence') return [part];
  return (part[inner] as Component[]).flatMap((each) => flattened(each, inner));
}

/** A pattern of tokenizer.json: a text as it stands, or a regular expression. */
export function patternOf(value: unknown): RegExp {
  const { Regex, String: literal } = value as { Regex?: string; String?: string };
  return Regex !== undefined
    ? fromOniguruma(Regex)
    : new RegExp((literal ?? '').replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu');
}

function chained(rules: TextRule[]): TextRule {
  if (rules.length <= 1) return rules[0] ?? same;
  return (text) => rules.reduce((result, rule) => rule(result), text);
}

function ruleOf(part: Component): TextRule {
  switch (part.type) {
    case 'Prepend': {
      const prepend = part.prepend as string;
      return (text) => (text === '' ? text : prepend + text);
    }
    case 'Replace': {
      const content = part.content as string;
      const { String: literal } = part.pattern as { String?: string };
      if (literal !== undefined && literal !== '') return (text) => text.replaceAll(literal, () => content);
      const pattern = patternOf(part.pattern);
      return (text) => text.replace(pattern, () => content);
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return unicodeForm(part.type);
    case 'Lowercase':
      // A character at a time: no final sigma.
      return (text) => text.replace(/\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
    case 'Strip': {
      const left = part.strip_left === false ? '' : '^\\p{White_Space}+';
      const right = part.strip_right === false ? '' : '\\p{White_Space}+$';
      const pattern = new RegExp([left, right].filter((each) => each !== '').join('|') || '(?!)', 'gu');
      return (text) => text.replace(pattern, '');
    }
    default:
      throw new Error(`a normalizer ${part.type}`);
  }
}

function unicodeForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): TextRule {
  return (text) => text.normalize(form);
}
