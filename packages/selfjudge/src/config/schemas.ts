import type { Range } from '@selfjudge/base/checks';
import type { Field, Fields as OptionFields, OptionsOf } from '@selfjudge/base/fields';
import { z } from 'zod';

/** Schemas by the API's names, or by those of files and flags. Descriptions are the help text. */
export type Schemas = Readonly<Record<string, z.ZodType>>;

/** The values that schemas give. */
export type ValuesOf<S extends Schemas> = z.output<ReturnType<typeof z.object<S>>>;

/** The schema of a field's values, with its help text. */
export function schemaOf<T>({ form, help }: Field<T>): z.ZodType<T> {
  // A field's form is made beside its default: both are of the values T.
  return formOf(form).describe(help) as z.ZodType<T>;
}

/** The schemas of a method's options. */
export const schemasOf = <F extends OptionFields>(
  fields: F,
): { [K in keyof F]: z.ZodType<OptionsOf<F>[K]> } =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, schemaOf(field)])) as {
    [K in keyof F]: z.ZodType<OptionsOf<F>[K]>;
  };

function formOf(form: Field<unknown>['form']): z.ZodType {
  switch (form.kind) {
    case 'number':
      return numberIn(form.range);
    case 'whole':
      return z.number().int().min(form.min);
    case 'limit':
      return z.number().int().min(1);
    case 'choice':
      return z.enum(form.of);
    case 'choices': {
      const one = z.enum(form.of);
      // A list of one is the one: a run has one way to write it.
      const some = z
        .array(one)
        .min(1)
        .refine((words) => new Set(words).size === words.length, 'each once')
        .transform((words) => (words.length === 1 ? words[0] : words));
      return z.union([one, some]);
    }
    case 'numbers':
      return z.union([numberIn(form.range).transform((one) => [one]), z.array(numberIn(form.range))]);
    case 'flag':
      return z.boolean();
  }
}

function numberIn({ min, max, above, below }: Range): z.ZodNumber {
  let schema = z.number();
  if (min !== undefined) schema = schema.min(min);
  if (max !== undefined) schema = schema.max(max);
  if (above !== undefined) schema = schema.gt(above);
  if (below !== undefined) schema = schema.lt(below);
  return schema;
}
