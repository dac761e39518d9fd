import type { BinaryOperator, CallArguments, Comparison, Expr } from './nodes.js';
import type { TokenStream } from './tokenStream.js';

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];

/** An expression; `x if y else z` only where `conditional`. */
export function parseExpression(s: TokenStream, conditional = true): Expr {
  return s.nested(() => (conditional ? parseCondition(s) : parseOr(s)));
}

/**
 * An expression, or several with commas between them: a tuple.
 * @param stop the name that ends it, as `in` does between `for` and `in`
 */
export function parseTuple(s: TokenStream, { conditional = true, stop = '', bracketed = false } = {}): Expr {
  const items: Expr[] = [];
  let isTuple = false;
  while (!(s.current.type === 'end' || s.is('operator', ')') || (stop !== '' && s.is('name', stop)))) {
    items.push(parseExpression(s, conditional));
    if (!s.skip('operator', ',')) break;
    isTuple = true;
  }
  if (!isTuple) {
    if (items.length > 0) return items[0];
    if (!bracketed) s.fail(`expected an expression, got ${s.described()}`);
  }
  return { type: 'tuple', items };
}

function parseCondition(s: TokenStream): Expr {
  let yes = parseOr(s);
  while (s.skip('name', 'if')) {
    const test = parseOr(s);
    const no = s.skip('name', 'else') ? s.nested(() => parseCondition(s)) : undefined;
    yes = { type: 'condition', test, yes, no };
  }
  return yes;
}

function parseOr(s: TokenStream): Expr {
  let left = parseAnd(s);
  while (s.skip('name', 'or')) left = { type: 'or', left, right: parseAnd(s) };
  return left;
}

function parseAnd(s: TokenStream): Expr {
  let left = parseNot(s);
  while (s.skip('name', 'and')) left = { type: 'and', left, right: parseNot(s) };
  return left;
}

function parseNot(s: TokenStream): Expr {
  if (s.skip('name', 'not')) return { type: 'unary', operator: 'not', of: s.nested(() => parseNot(s)) };
  const first = parseSum(s);
  const rest: [Comparison, Expr][] = [];
  for (;;) {
    if (s.is('operator', ...COMPARISONS)) rest.push([s.next().text as Comparison, parseSum(s)]);
    else if (s.skip('name', 'in')) rest.push(['in', parseSum(s)]);
    else if (s.is('name', 'not') && s.following.type === 'name' && s.following.text === 'in') {
      s.next();
      s.next();
      rest.push(['not in', parseSum(s)]);
    } else break;
  }
  return rest.length === 0 ? first : { type: 'compare', first, rest };
}

/** Operators of equal rank, from left to right. */
function chain(s: TokenStream, operators: string[], operand: (s: TokenStream) => Expr): Expr {
  let left = operand(s);
  while (s.is('operator', ...operators)) {
    left = { type: 'binary', operator: s.next().text as BinaryOperator, left, right: operand(s) };
  }
  return left;
}

const parseSum = (s: TokenStream): Expr => chain(s, ['+', '-'], parseConcat);
const parseProduct = (s: TokenStream): Expr => chain(s, ['*', '/', '//', '%'], parsePower);
// From left to right, other than in Python.
const parsePower = (s: TokenStream): Expr => chain(s, ['**'], parseUnary);

function parseConcat(s: TokenStream): Expr {
  const items = [parseProduct(s)];
  while (s.skip('operator', '~')) items.push(parseProduct(s));
  return items.length === 1 ? items[0] : { type: 'concat', items };
}

function parseUnary(s: TokenStream): Expr {
  return parseFilters(s, parseSigned(s));
}

/** A value with its signs: filters behind it take it with them. */
function parseSigned(s: TokenStream): Expr {
  if (!s.is('operator', '-', '+')) return parsePostfix(s, parsePrimary(s));
  const operator = s.next().text as '-' | '+';
  return parsePostfix(s, { type: 'unary', operator, of: s.nested(() => parseSigned(s)) });
}

const CONSTANTS: Record<string, Expr> = {
  true: { type: 'const', value: true },
  false: { type: 'const', value: false },
  none: { type: 'const', value: null },
  True: { type: 'const', value: true },
  False: { type: 'const', value: false },
  None: { type: 'const', value: null },
};

function parsePrimary(s: TokenStream): Expr {
  const token = s.current;
  if (token.type === 'name') {
    s.next();
    return Object.hasOwn(CONSTANTS, token.text) ? CONSTANTS[token.text] : { type: 'name', name: token.text };
  }
  if (token.type === 'string') {
    let value = s.next().text;
    while (s.current.type === 'string') value += s.next().text;
    return { type: 'const', value };
  }
  if (token.type === 'number') return { type: 'const', value: s.next().value! };
  if (s.skip('operator', '(')) {
    const inner = s.nested(() => parseTuple(s, { bracketed: true }));
    s.expect('operator', ')');
    return inner;
  }
  if (s.skip('operator', '[')) return { type: 'list', items: parseItems(s, ']', () => parseExpression(s)) };
  if (s.skip('operator', '{')) {
    const pair = (): [Expr, Expr] => {
      const key = parseExpression(s);
      s.expect('operator', ':');
      return [key, parseExpression(s)];
    };
    return { type: 'dict', pairs: parseItems(s, '}', pair) };
  }
  return s.fail(`unexpected ${s.described()}`);
}

/** What stands between commas up to `close`; a comma may stand behind the last. */
function parseItems<T>(s: TokenStream, close: string, item: () => T): T[] {
  const items: T[] = [];
  while (!s.is('operator', close)) {
    if (items.length > 0) s.expect('operator', ',');
    if (s.is('operator', close)) break;
    items.push(item());
  }
  s.expect('operator', close);
  return items;
}

/** Attributes, items and calls behind a value. */
export function parsePostfix(s: TokenStream, value: Expr): Expr {
  let node = value;
  for (;;) {
    if (s.skip('operator', '.')) {
      const { type, text, value: index } = s.next();
      if (type === 'name') node = { type: 'attribute', of: node, name: text };
      else if (typeof index === 'bigint') {
        node = { type: 'item', of: node, key: { type: 'const', value: index } };
      } else s.fail('expected a name or a number behind the point');
    } else if (s.skip('operator', '[')) node = parseSubscript(s, node);
    else if (s.is('operator', '(')) node = { type: 'call', callee: node, ...parseArguments(s) };
    else return node;
  }
}

function parseSubscript(s: TokenStream, of: Expr): Expr {
  const bounds: (Expr | undefined)[] = [];
  let colons = 0;
  while (!s.is('operator', ']', ',')) {
    if (s.skip('operator', ':')) {
      if (++colons > 2) s.fail('a slice has at most two colons');
    } else bounds[colons] = parseExpression(s);
  }
  if (colons > 0 && !s.is('operator', ',')) {
    s.expect('operator', ']');
    return { type: 'slice', of, bounds };
  }
  const items = bounds.slice(0, 1) as Expr[];
  if (colons > 0 || items.length === 0) s.fail('expected one item or slice in the brackets');
  while (s.skip('operator', ',')) items.push(parseExpression(s));
  s.expect('operator', ']');
  return { type: 'item', of, key: items.length === 1 ? items[0] : { type: 'tuple', items } };
}

/** The arguments of a call, with their brackets. */
export function parseArguments(s: TokenStream): CallArguments {
  const args: Expr[] = [];
  const named: [string, Expr][] = [];
  let rest: Expr | undefined;
  let namedRest: Expr | undefined;
  const must = (order: boolean): void => {
    if (!order) s.fail('invalid syntax for function call expression');
  };
  s.expect('operator', '(');
  parseItems(s, ')', () => {
    if (s.skip('operator', '*')) {
      must(rest === undefined && namedRest === undefined);
      rest = parseExpression(s);
    } else if (s.skip('operator', '**')) {
      must(namedRest === undefined);
      namedRest = parseExpression(s);
    } else if (s.current.type === 'name' && s.following.type === 'operator' && s.following.text === '=') {
      must(namedRest === undefined);
      const name = s.next().text;
      s.next();
      named.push([name, parseExpression(s)]);
    } else {
      must(rest === undefined && namedRest === undefined && named.length === 0);
      args.push(parseExpression(s));
    }
  });
  return { args, named, rest, namedRest };
}

/** Filters, tests and calls behind a value. */
function parseFilters(s: TokenStream, value: Expr): Expr {
  let node = value;
  for (;;) {
    if (s.is('operator', '|')) node = parseFilter(s, node)!;
    else if (s.is('name', 'is')) node = parseTest(s, node);
    else if (s.is('operator', '(')) node = { type: 'call', callee: node, ...parseArguments(s) };
    else return node;
  }
}

/**
 * Filters behind a value.
 * @param of absent for those of a block: the innermost takes its text
 * @param inline whether the first stands without a bar before it
 */
export function parseFilter(s: TokenStream, of?: Expr, inline = false): Expr | undefined {
  let node = of;
  let first = inline;
  while (first || s.skip('operator', '|')) {
    first = false;
    const name = dottedName(s);
    node = { type: 'filter', of: node, name, ...(s.is('operator', '(') ? parseArguments(s) : NO_ARGUMENTS) };
  }
  return node;
}

const NO_ARGUMENTS: CallArguments = { args: [], named: [] };

function dottedName(s: TokenStream): string {
  let name = s.expect('name').text;
  while (s.skip('operator', '.')) name += `.${s.expect('name').text}`;
  return name;
}

function parseTest(s: TokenStream, of: Expr): Expr {
  s.expect('name', 'is');
  const negated = s.skip('name', 'not');
  const name = dottedName(s);
  let call: CallArguments = NO_ARGUMENTS;
  if (s.is('operator', '(')) call = parseArguments(s);
  else {
    const { type } = s.current;
    const isValue = type === 'name' || type === 'string' || type === 'number' || s.is('operator', '[', '{');
    if (isValue && !s.is('name', 'else', 'or', 'and')) {
      if (s.is('name', 'is')) s.fail('You cannot chain multiple tests with is');
      call = { args: [parsePostfix(s, parsePrimary(s))], named: [] };
    }
  }
  const test: Expr = { type: 'test', of, name, ...call };
  return negated ? { type: 'unary', operator: 'not', of: test } : test;
}
