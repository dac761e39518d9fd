/** The one mapping between the configuration's snake_case and the API's camelCase. */
export const camelCase = (key: string): string =>
  key.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
export const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

/** An object with every key renamed; values are left as they are. */
export function mapKeys<T>(
  object: Readonly<Record<string, T>>,
  rename: (key: string) => string,
): Record<string, T>;
export function mapKeys(object: object, rename: (key: string) => string): Record<string, unknown>;
export function mapKeys(object: object, rename: (key: string) => string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [rename(key), value]));
}
