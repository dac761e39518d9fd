import { flag, limit, number, oneOf, options, whole, type Check, type Range } from './checks.js';

/** What values a field takes. `limit`: a number of at least 1, Infinity for any. */
export type FieldForm =
  | { kind: 'number'; range: Range }
  | { kind: 'whole'; min: number }
  | { kind: 'limit' }
  | { kind: 'choice'; of: readonly string[] }
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

/** The check of options that have all of these fields. */
export const optionsOfFields = (fields: Fields): Check => options(checksOf(fields));

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
    case 'flag':
      return flag;
  }
}
