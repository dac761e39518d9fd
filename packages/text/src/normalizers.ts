import { prependAligned, replaceAligned, sliceAligned, type Aligned } from './aligned.js';
import { formAligned } from './alignedForms.js';
import type { Component } from './tokenizerFiles.js';
import { fromOniguruma } from './pattern.js';

export type TextRule = (text: string) => string;

/** What a normalizer does to a text, in two ways. */
export interface Normalizer {
  /** To text that nothing stands before, and to what follows an added token. */
  apply: TextRule;
  /** To text that continues other text: puts nothing before it. */
  continuing: TextRule;
  /** Either, with where each character came from. */
  aligned(text: Aligned, continuing: boolean): Aligned;
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
    aligned: (text, continuing) =>
      all
        .filter(({ type }) => !continuing || type !== 'Prepend')
        .reduce((result, each) => alignedRule(each, result), text),
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

/** What a part does, with where each character came from as Python's tokenizers tell it. */
function alignedRule(part: Component, source: Aligned): Aligned {
  switch (part.type) {
    case 'Prepend':
      return prependAligned(source, part.prepend as string);
    case 'Replace':
      return replaceAligned(source, patternOf(part.pattern), () => part.content as string);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return formAligned(source, part.type);
    case 'Lowercase':
      return replaceAligned(source, /\p{Changes_When_Lowercased}/gu, (character) => character.toLowerCase());
    default: {
      // Strip alone is left: what it leaves stands together.
      const left = ruleOf(part)(source.text);
      const start = part.strip_left === false ? 0 : source.text.length - trimmedStart(source.text);
      return sliceAligned(source, start, start + left.length);
    }
  }
}

/** Units that are left without white space at the beginning. */
const trimmedStart = (text: string): number => text.replace(/^\p{White_Space}+/u, '').length;

function unicodeForm(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): TextRule {
  return (text) => text.normalize(form);
}
