import type { Field, Fields as OptionFields } from '@selfjudge/base/fields';
import { z } from 'zod';
import { snakeCase } from './naming.js';

/** The schema of a field's values in files and flags, with its help text. */
export function schemaOf({ form, help }: Field<unknown>): z.ZodType {
  return formOf(form).describe(help);
}

/** The schemas of a method's options under the words of the configuration. */
export const schemasOf = (fields: OptionFields): Record<string, z.ZodType> =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [snakeCase(key), schemaOf(field)]));

function formOf(form: Field<unknown>['form']): z.ZodType {
  switch (form.kind) {
    case 'number': {
      const { min, max, above, below } = form.range;
      let schema = z.number();
      if (min !== undefined) schema = schema.min(min);
      if (max !== undefined) schema = schema.max(max);
      if (above !== undefined) schema = schema.gt(above);
      if (below !== undefined) schema = schema.lt(below);
      return schema;
    }
    case 'whole':
      return z.number().int().min(form.min);
    case 'limit':
      return z.number().int().min(1);
    case 'choice':
      return z.enum(form.of);
    case 'flag':
      return z.boolean();
  }
}
