import { asNumber, asText } from './compare.js';
import { TemplateError } from './errors.js';
import { isTrue, iterate, typeName, type Args, type Value } from './values.js';

/**
 * The values of a function's parameters, by place or name.
 * @param required how many of the parameters have no default
 * @throws TemplateError for a missing, surplus or unknown argument
 */
export function bind(
  what: string,
  { args, named }: Args,
  params: readonly string[],
  required = 0,
): (Value | undefined)[] {
  if (args.length > params.length) {
    throw new TemplateError(`${what}() takes at most ${params.length} arguments (${args.length} given)`);
  }
  const values: (Value | undefined)[] = params.map((_, i) => args[i]);
  for (const [name, value] of named) {
    const at = params.indexOf(name);
    if (at < 0) throw new TemplateError(`${what}() got an unexpected keyword argument '${name}'`);
    if (values[at] !== undefined)
      throw new TemplateError(`${what}() got multiple values for argument '${name}'`);
    values[at] = value;
  }
  const absent = values.findIndex((value, i) => i < required && value === undefined);
  if (absent >= 0) throw new TemplateError(`${what}() missing required argument: '${params[absent]}'`);
  return values;
}

/** A whole number, for places and widths. */
export function wholeOf(value: Value | undefined, absent: number): number {
  if (value === undefined) return absent;
  const number = asNumber(value);
  if (typeof number !== 'bigint') {
    throw new TemplateError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  }
  return Number(number);
}

export function textOf(value: Value): string {
  const text = asText(value);
  if (text === undefined) throw new TemplateError(`expected a string, got ${typeName(value)}`);
  return text;
}

export const flagOf = (value: Value | undefined): boolean => value !== undefined && isTrue(value);

/** The items of a list of pairs. */
export function pairsOf(list: Value): [Value, Value][] {
  return [...iterate(list)].map((pair) => {
    const items = [...iterate(pair)];
    if (items.length !== 2) throw new TemplateError(`expected 2 values to unpack, got ${items.length}`);
    return items as [Value, Value];
  });
}
