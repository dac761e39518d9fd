import type { Field, Fields } from '@selfjudge/base/fields';
import fc from 'fast-check';

/** Values of every JavaScript type, for arguments that take another. `{}` and `[]` are what option bags slip through as. */
const anything = fc.oneof(
  fc.constantFrom(undefined, null, true, false),
  fc.constantFrom<unknown>(0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, 1e300),
  fc.string({ maxLength: 5 }),
  fc.bigInt({ min: 0n, max: 9n }),
  fc.constantFrom<unknown>(
    Symbol('x'),
    () => 1,
    {},
    [],
    [[]],
    new Date(0),
    new Map(),
    Object.create(null),
    Promise.resolve(1),
    new Float64Array(2),
    new DataView(new ArrayBuffer(4)),
  ),
);

/** A value of any type but those that `right` accepts. */
export const except = (right: (value: unknown) => boolean): fc.Arbitrary<unknown> =>
  anything.filter((value) => !right(value));

const isNumber = (value: unknown): value is number => typeof value === 'number';

/** No number, or one outside [min, max]; NaN too. */
export const notNumber = (min = -Infinity, max = Infinity): fc.Arbitrary<unknown> =>
  except((value) => isNumber(value) && Number.isFinite(value) && value >= min && value <= max);

/** No whole number in [min, max]. */
export const notWhole = (min: number, max = Number.MAX_SAFE_INTEGER): fc.Arbitrary<unknown> =>
  except((value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max);

/** Nothing that could be a handle of the addon, or stand for an absent one. */
export const notHandle = except(
  (value) => value === null || (Number.isSafeInteger(value) && (value as number) > 0),
);

export const notText = except((value) => typeof value === 'string');
export const notFlag = except((value) => typeof value === 'boolean');
export const notFunction = except((value) => typeof value === 'function');
export const notList = except(Array.isArray);
/** Neither an object nor a function; arrays are wrong for options too. */
export const notObject = except(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);

/** Of `wrong`, what an argument with a default refuses: undefined asks for the default. */
export const given = (wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  wrong.filter((value) => value !== undefined);

/** None of `choices`: other texts as well as other types. */
export const noneOf = (...choices: unknown[]): fc.Arbitrary<unknown> =>
  except((value) => choices.includes(value));

/** A list with one wrong element, or no list. */
export const notListOf = (valid: unknown, wrong: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    notList,
    wrong.map((value) => [valid, value]),
  );

/** An object with one wrong field, or no object. */
export const notObjectOf = (
  valid: Readonly<Record<string, unknown>>,
  wrong: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<unknown> =>
  fc.oneof(
    notObject,
    ...Object.entries(wrong).map(([key, value]) => value.map((bad) => ({ ...valid, [key]: bad }))),
  );

/** No element of which is a value of the class, nor is the value one. */
export const notInstance = (type: abstract new (...args: never[]) => unknown): fc.Arbitrary<unknown> =>
  except((value) => value instanceof type);

/** No limit: below 1, or no number. Infinity is one. */
export const notLimit = except((value) => isNumber(value) && value >= 1);

/** Values of every JavaScript type; for arguments that take objects of ours. */
export const junk = except(() => false);

const message = { role: 'user', content: 'a' };

/** Neither a string nor a list of messages. */
export const notPrompt = fc.oneof(
  except((value) => typeof value === 'string'),
  fc.constantFrom([{ role: 'tool', content: 'a' }], [{ role: 'user' }], [null], ['a']),
  notText.map((content) => [message, { ...message, content }]),
);

/** No path of a file that is there. */
export const notFile = fc.oneof(notText, fc.constantFrom('', '\0', '/nothing/here'));

/** What the field of an option refuses: values of other types, those beyond its bounds, and the bounds that are none of it. */
export function wrongOf({ form }: Field<unknown>): fc.Arbitrary<unknown> {
  switch (form.kind) {
    case 'number': {
      const { min, max, above, below } = form.range;
      const edges = [above, below].filter((edge) => edge !== undefined);
      const beyond = notNumber(min ?? above, max ?? below);
      return edges.length === 0 ? beyond : fc.oneof(beyond, fc.constantFrom(...edges));
    }
    case 'whole':
      return notWhole(form.min);
    case 'limit':
      return notLimit;
    case 'choice':
      return noneOf(...form.of);
    case 'choices':
      return fc.oneof(
        noneOf(...form.of).filter((value) => !Array.isArray(value) || value.length === 0),
        fc.constantFrom([form.of[0], form.of[0]], [form.of[0], 1]),
      );
    case 'numbers': {
      const { min, max, above, below } = form.range;
      return notListOf(max ?? below ?? 1e9, notNumber(min ?? above, max ?? below));
    }
    case 'flag':
      return notFlag;
  }
}

/** The same for fields by their names. */
export const wrongFields = (fields: Fields): Record<string, fc.Arbitrary<unknown>> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, wrongOf(field)]));
