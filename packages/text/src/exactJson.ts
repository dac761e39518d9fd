import { JsonNumber, JsonObject } from './jinja/fromJs.js';
import { parseJson } from './jinja/jsonText.js';
import { floatText } from './jinja/printing.js';
import { Dict, type Value } from './jinja/values.js';

/**
 * JSON as JSON.parse reads it, but for what JavaScript loses and a chat template shows: 1.0 beside 1, digits of long whole
 * numbers, and the order of keys like "1".
 * @throws TemplateError
 */
export function exactJson(text: string): unknown {
  return plain(parseJson(text));
}

function plain(value: Value): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : new JsonNumber(String(value));
  }
  if (typeof value === 'number') return Number.isInteger(value) ? new JsonNumber(floatText(value)) : value;
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Dict)) return value;
  const entries = value.entries().map(([key, inner]): [string, unknown] => [key as string, plain(inner)]);
  const reordered = entries.some(([key]) => /^\d+$/.test(key));
  return reordered ? new JsonObject(entries) : Object.fromEntries(entries);
}

/** JSON of what `exactJson` gave, or of any other value of JSON: numbers and keys as they were read. */
export function exactText(value: unknown): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(exactText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = value instanceof JsonObject ? [...value] : Object.entries(value);
  const members = entries
    .filter(([, inner]) => inner !== undefined)
    .map(([key, inner]) => `${JSON.stringify(key)}:${exactText(inner)}`);
  return `{${members.join(',')}}`;
}
