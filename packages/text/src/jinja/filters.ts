// Jinja2's filters by name.
import { bind } from './args.js';
import { TemplateError } from './errors.js';
import { collectionFilters } from './filters/collections.js';
import { numberFilters } from './filters/numbers.js';
import { selectionFilters } from './filters/selection.js';
import { textFilters } from './filters/text.js';
import type { Filter } from './filters/types.js';
import { toJson } from './json.js';
import { isTrue, Undefined } from './values.js';

const defaulted: Filter = (value, args) => {
  const [absent = '', falsy] = bind('default', args, ['default_value', 'boolean']);
  const replaces = value instanceof Undefined || (falsy !== undefined && isTrue(falsy) && !isTrue(value));
  return replaces ? absent : value;
};

/** Filters whose results are HTML, chance or debugging aids: no chat template has a use for them. */
const ABSENT = ['filesizeformat', 'pprint', 'random', 'urlize', 'wordwrap', 'xmlattr'];

const FILTERS: Record<string, Filter> = {
  ...textFilters,
  ...numberFilters,
  ...collectionFilters,
  ...selectionFilters,
  default: defaulted,
  d: defaulted,
  tojson: (value, args, { runtime }) => toJson(value, args, runtime),
};

/** @returns undefined for a name that Jinja2 has no filter of */
export function filterNamed(name: string): Filter | undefined {
  if (ABSENT.includes(name)) throw new TemplateError(`the filter '${name}' is not supported`);
  return Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
}
