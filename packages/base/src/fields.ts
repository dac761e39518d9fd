import { ArgumentError } from './errors.js';
import {
  flag,
  limit,
  list,
  number,
  oneOf,
  oneOrSome,
  options,
  whole,
  type Check,
  type Range,
} from './checks.js';

/**
 * What values a field takes. `limit`: a number of at least 1, Infinity for any. `choices`: one of some words, or a list of
 * several, none of them twice. `numbers`: a list of numbers, maybe empty.
 */
export type FieldForm =
  | { kind: 'number'; range: Range }
  | { kind: 'whole'; min: number }
  | { kind: 'limit' }
  | { kind: 'choice'; of: readonly string[] }
  | { kind: 'choices'; of: readonly string[] }
  | { kind: 'numbers'; range: Range }
  | { kind: 'flag' };

/**
 * An option of a method: the one place that says its bounds, its default and what it is. The check of a call, the schema
 * of the configuration, the flag with its help text and the documentation are made of it.
 */
export interface Field<T> {
  readonly form: FieldForm;
  /** One line. */
  readonly help: string;
  /** What it is when nobody says otherwise. */
  readonly default: T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values of fields, under their names. */
export type OptionsOf<F extends Fields> = {
  -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

export const numberField = (value: number, range: Range, help: string): Field<number> => ({
  form: { kind: 'number', range },
  help,
  default: value,
});

export const wholeField = (value: number, min: number, help: string): Field<number> => ({
  form: { kind: 'whole', min },
  help,
  default: value,
});

export const limitField = (value: number, help: string): Field<number> => ({
  form: { kind: 'limit' },
  help,
  default: value,
});

export const choiceField = <const C extends string>(
  value: NoInfer<C>,
  of: readonly C[],
  help: string,
): Field<C> => ({ form: { kind: 'choice', of }, help, default: value });

export const choicesField = <const C extends string>(
  value: NoInfer<C>,
  of: readonly C[],
  help: string,
): Field<C | readonly C[]> => ({ form: { kind: 'choices', of }, help, default: value });

export const numbersField = (
  value: readonly number[],
  range: Range,
  help: string,
): Field<readonly number[]> => ({ form: { kind: 'numbers', range }, help, default: value });

export const flagField = (value: boolean, help: string): Field<boolean> => ({
  form: { kind: 'flag' },
  help,
  default: value,
});

/** The same fields, some with other defaults. */
export function withDefaults<F extends Fields>(fields: F, values: Partial<OptionsOf<F>>): F {
  const changed = Object.entries(fields).map(([key, field]) => [
    key,
    Object.hasOwn(values, key) ? { ...field, default: values[key] } : field,
  ]);
  return Object.fromEntries(changed) as F;
}

/** What all fields are when nobody says otherwise. */
export const defaultsOf = <F extends Fields>(fields: F): OptionsOf<F> =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field.default])) as OptionsOf<F>;

/** The check of each field. */
export const checksOf = <F extends Fields>(fields: F): { [K in keyof F]: Check } =>
  Object.fromEntries(Object.entries(fields).map(([key, { form }]) => [key, checkOf(form)])) as {
    [K in keyof F]: Check;
  };

/** A value that does not go with the others, by the API's names. */
export interface OptionFault {
  key: string;
  expected: string;
  received: unknown;
}

/**
 * The check of options that have all of these fields.
 * @param faults what of them does not go together, where each is right by itself
 */
export function optionsOfFields<F extends Fields>(
  fields: F,
  faults: (options: OptionsOf<F>) => readonly OptionFault[] = () => [],
): Check {
  const each = options(checksOf(fields));
  return (value, what, where) => {
    each(value, what, where);
    for (const { key, ...fault } of faults(value as OptionsOf<F>))
      throw new ArgumentError(key, { where, ...fault });
  };
}

function checkOf(form: FieldForm): Check {
  switch (form.kind) {
    case 'number':
      return number(form.range);
    case 'whole':
      return whole(form.min);
    case 'limit':
      return limit;
    case 'choice':
      return oneOf(...form.of);
    case 'choices':
      return oneOrSome(...form.of);
    case 'numbers':
      return list(number(form.range));
    case 'flag':
      return flag;
  }
}
