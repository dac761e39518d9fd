import { TemplateError } from './errors.js';
import { FILTER_NAMES, TEST_NAMES } from './names.js';
import type { Statement } from './nodes.js';

type Node = Record<string, unknown>;

/** Levels of a chain, as a.b().c(), which the parser reads without going deeper. Evaluated are far fewer, see Runtime. */
const MOST_DEEP = 1000;

/**
 * Refuses what Jinja2 refuses when it compiles: a filter or test that it does not know, unless an `if` stands around it
 * (then it fails when it is reached), and `break` or `continue` outside loops.
 * @throws TemplateError
 */
export function validate(body: readonly Statement[]): void {
  for (const statement of nodesOf(body)) check(statement, { soft: false, looping: false, depth: 0 });
}

/** Bodies that Python makes functions of: no `break` reaches a loop around them. */
const FUNCTIONS = ['macro', 'call block', 'generation', 'block'];
/** Statements and expressions whose parts may never be reached. */
const CONDITIONAL = ['if', 'condition'];

/** Where a node stands. */
interface Place {
  soft: boolean;
  looping: boolean;
  /** Nodes around it. */
  depth: number;
}

function check(node: Node, { soft, looping, depth }: Place): void {
  if (depth > MOST_DEEP) throw new TemplateError(`the template nests more than ${MOST_DEEP} levels`);
  const { type, name } = node;
  if ((type === 'break' || type === 'continue') && !looping)
    throw new TemplateError(`'${type}' outside loop`);
  if (!soft && typeof name === 'string') {
    if (type === 'filter' && !FILTER_NAMES.has(name)) throw unknown('filter', name);
    if (type === 'test' && !TEST_NAMES.has(name)) throw unknown('test', name);
  }
  const isBlock = type === 'for' || type === 'with' || type === 'filter block' || type === 'set block';
  const isFunction = FUNCTIONS.includes(type as string);
  const softInside = CONDITIONAL.includes(type as string) || (soft && !isBlock && !isFunction);
  for (const [key, part] of Object.entries(node)) {
    const loopingInside = type === 'for' && key === 'body' ? true : looping && !isFunction;
    for (const child of nodesOf(part))
      check(child, { soft: softInside, looping: loopingInside, depth: depth + 1 });
  }
}

/** The nodes that a property of a node holds, however deep in lists. */
function nodesOf(part: unknown): Node[] {
  if (Array.isArray(part)) return part.flatMap(nodesOf);
  return typeof part === 'object' && part !== null ? [part as Node] : [];
}

export const unknown = (what: 'filter' | 'test', name: string): TemplateError =>
  new TemplateError(`No ${what} named '${name}'.`);

/** Whether one of `names` is read anywhere in `body`. */
export function mentions(body: unknown, name: string): boolean {
  return nodesOf(body).some(
    (node) =>
      (node.type === 'name' && node.name === name) ||
      Object.values(node).some((part) => mentions(part, name)),
  );
}
