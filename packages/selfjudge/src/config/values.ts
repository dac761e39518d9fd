import { nearest } from '@selfjudge/base/internal';
import type { ConfigFault } from '@selfjudge/base';
import { z } from 'zod';

type Given = Record<string, unknown>;

/** Words of others for values of ours, by key. */
const WORDS: Readonly<Record<string, (value: unknown) => unknown>> = {
  dtype: (value) =>
    /^(torch\.)?bfloat16$/.test(String(value))
      ? 'bf16'
      : /^(torch\.float32|fp32|float)$/.test(String(value))
        ? 'float32'
        : /^(torch\.float16|fp16|half)$/.test(String(value))
          ? 'float16'
          : value,
  max_steps: (value) => (value === -1 || value === '-1' ? 0 : value),
  top_k: (value) => (value === -1 || value === '-1' ? 0 : value),
};

/** What leaving a key empty means in recipes. */
const EMPTY: Readonly<Record<string, number | readonly number[]>> = {
  loss_weights: [],
  save_total_limit: 0,
  dataset_limit: 0,
  center_rewards_coefficient: 0,
  max_grad_norm: 0,
  max_steps: 0,
  top_k: 0,
  top_p: 1,
};

/** Why a value cannot be had, where the range alone would mislead. */
const REASONS: Readonly<Record<string, readonly [RegExp, string][]>> = {
  dtype: [
    [
      /^(torch\.)?(float16|fp16|half)$/,
      'bf16, which takes as much memory as float16, or float32: there is no float16 here',
    ],
    [/^auto$/, 'bf16 or float32: it is not taken from the file'],
  ],
};

/** A fraction as `warmup_steps` is a share of the steps in transformers. */
export function withShares(given: Given): Given {
  const { warmup_steps: steps, ...rest } = given;
  const isShare = typeof steps === 'number' && steps > 0 && steps < 1;
  return isShare ? { ...rest, warmup_ratio: steps, warmup_steps: 0 } : given;
}

/** The value in the words of the key's field; numbers and switches also as texts, as YAML 1.1 and quotes leave them. */
export function spelledAs(key: string, field: z.ZodType, value: unknown): unknown {
  if (value === null && Object.hasOwn(EMPTY, key)) return EMPTY[key];
  if (value === null && field.safeParse(undefined).success) return undefined;
  const word = Object.hasOwn(WORDS, key) ? WORDS[key](value) : value;
  if (field.safeParse(word).success) return word;
  const read = Array.isArray(word)
    ? word.map(numberOf)
    : typeof word === 'string'
      ? (numberIn(word) ?? switchIn(word))
      : word;
  return read !== undefined && field.safeParse(read).success ? read : word;
}

const numberOf = (one: unknown): unknown => (typeof one === 'string' ? (numberIn(one) ?? one) : one);

function numberIn(text: string): number | undefined {
  const digits = text.replace(/(?<=\d)_(?=\d)/g, '');
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(digits) && !/^[-+]?0\d/.test(digits)
    ? Number(digits)
    : undefined;
}

function switchIn(text: string): boolean | undefined {
  if (/^(true|yes|on|y|t)$/i.test(text)) return true;
  return /^(false|no|off|n|f)$/i.test(text) ? false : undefined;
}

/** What is wrong with a value, or the value as its field has it. */
export function checked(
  key: string,
  field: z.ZodType,
  value: unknown,
): { value: unknown } | { fault: ConfigFault } {
  const about = field.description ?? '';
  const result = field.safeParse(value);
  if (result.success) return { value: result.data };
  if (value === undefined) return { fault: { key, expected: about, received: 'nothing' } };
  const [issue] = result.error.issues;
  if (value === null)
    return {
      fault: {
        key,
        expected: `${limitOf(issue) || 'a value'} (${about}), or the key left out`,
        received: value,
      },
    };
  const reason = REASONS[key]?.find(([words]) => words.test(String(value)))?.[1];
  if (reason !== undefined) return { fault: { key, expected: reason, received: value } };
  const limit = limitOf(issue);
  const options = wordsOf(issue);
  const isWhole = limit === '' || issue.code === 'custom' || about === '';
  const expected = isWhole ? limit || about : `${limit} (${about})`;
  // Of a list, the first word that is none.
  const wrong = [value].flat().find((word) => typeof word !== 'string' || !options.includes(word));
  const hint = typeof wrong === 'string' ? nearest(wrong, options) : undefined;
  return { fault: { key, expected, received: value, nearest: hint } };
}

/** The words that would have been taken. */
function wordsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(wordsOf);
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

/** What a value would have had to be; empty where the description says it best. */
function limitOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
    case 'invalid_type':
      return TYPES[issue.expected] ?? '';
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `none of the keys ${issue.keys.join(', ')}`;
    case 'invalid_union':
      return (
        issue.errors
          .flat()
          .map(limitOf)
          .find((text) => text !== '' && !Object.values(TYPES).includes(text)) ?? ''
      );
    case 'custom':
      return issue.message === 'Invalid input' ? '' : issue.message;
    default:
      return '';
  }
}

const TYPES: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
};
