import { FileFormatError } from '@selfjudge/base';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Fields = Readonly<Record<string, unknown>>;

/** What a field of a JSON file must be, in words and as a check. */
export interface Kind<T> {
  expected: string;
  fits(value: unknown): value is T;
}

export const COUNT: Kind<number> = {
  expected: 'a whole number',
  fits: (value): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0,
};
export const NUMBER: Kind<number> = { expected: 'a number', fits: (value) => typeof value === 'number' };
export const TEXT: Kind<string> = { expected: 'a string', fits: (value) => typeof value === 'string' };
export const SWITCH: Kind<boolean> = {
  expected: 'true or false',
  fits: (value) => typeof value === 'boolean',
};
export const OBJECT: Kind<Fields> = {
  expected: 'an object',
  fits: (value): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value),
};
export const JSON_VALUE: Kind<Json> = { expected: 'a JSON value', fits: isJson };

function isJson(value: unknown): value is Json {
  if (typeof value === 'object') return value === null || Object.values(value).every(isJson);
  return ['boolean', 'number', 'string'].includes(typeof value);
}

export type FieldReader = <T>(holder: Fields, key: string, kind: Kind<T>) => T;

/**
 * Reads fields of what was read from a JSON file, each as what it must be.
 * @param advice what can be done when the file is damaged
 * @returns throws FileFormatError for a field that is missing or wrong
 */
export const fieldReader =
  (path: string, advice?: string): FieldReader =>
  (holder, key, { expected, fits }) => {
    const received = holder[key];
    if (fits(received)) return received;
    throw new FileFormatError({ path, expected: `${key} ${expected}`, received, advice });
  };
