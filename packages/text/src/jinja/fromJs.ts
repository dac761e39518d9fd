import { Dict, type Value } from './values.js';
import { TemplateError } from './errors.js';

/** A number as JSON writes it: Python reads `1.0` as a float and every digit of a whole number, JavaScript does not. */
export class JsonNumber {
  constructor(readonly text: string) {}

  toJSON(): number {
    return Number(this.text);
  }
}

/** An object whose keys JavaScript would put in another order. */
export class JsonObject extends Map<string, unknown> {
  toJSON(): object {
    return Object.fromEntries(this);
  }
}

/**
 * What JSON or a caller says as Python's json reads it: whole numbers are int, others float.
 * @param text what becomes of strings, keys among them
 * @throws TemplateError for what is no JSON, such as a function
 */
export function fromJs(value: unknown, text: (string: string) => string = (string) => string): Value {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'bigint') return value;
  if (value instanceof JsonNumber) return /[.e]/i.test(value.text) ? Number(value.text) : BigInt(value.text);
  if (Array.isArray(value)) return value.map((item) => fromJs(item, text));
  if (typeof value === 'object') {
    const entries = (value instanceof JsonObject ? [...value] : Object.entries(value)).filter(
      ([, inner]) => inner !== undefined,
    );
    return new Dict(entries.map(([key, inner]) => [text(key), fromJs(inner, text)]));
  }
  throw new TemplateError(`a template takes JSON, not a ${typeof value}`);
}
