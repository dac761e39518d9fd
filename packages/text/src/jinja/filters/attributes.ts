import { item } from '../access.js';
import type { Runtime } from '../runtime.js';
import { Undefined, type Value } from '../values.js';

/**
 * Reads an attribute such as 'function.name' or 0 of each value, as map(attribute=...), sort and their kin do.
 * @param attribute null for the value itself
 */
export function attributeGetter(
  attribute: Value,
  runtime: Runtime,
  { fallback = null, ignoreCase = false }: { fallback?: Value; ignoreCase?: boolean } = {},
): (value: Value) => Value {
  const parts = partsOf(attribute);
  return (value) => {
    let got = value;
    for (const part of parts) {
      got = item(got, part, runtime);
      if (fallback !== null && got instanceof Undefined) got = fallback;
    }
    return ignoreCase && typeof got === 'string' ? got.toLowerCase() : got;
  };
}

/** 'a.0.b' as its steps. */
function partsOf(attribute: Value): Value[] {
  if (attribute === null) return [];
  if (typeof attribute !== 'string') return [attribute];
  return attribute.split('.').map((part) => (/^\d+$/.test(part) ? BigInt(part) : part));
}
