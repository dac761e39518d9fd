/**
 * As much of Go's text/template as the templates beside this file use: fields, variables, `range $i, $m :=`, `if`, `else if`,
 * `else`, and the functions eq, and, or, not, len and slice. It serves to compare them with a model's own chat template;
 * what it does not know is an error. (https://pkg.go.dev/text/template)
 */
export function renderGo(template: string, data: object): string {
  const parts = lex(template);
  const nodes = parse(parts, []);
  if (parts.length > 0) throw new SyntaxError(`a stray {{ ${parts[0].text} }}`);
  return write(nodes, new Map([['$', data]]), data);
}

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'out'; expression: Expression }
  | { kind: 'range'; names: string[]; expression: Expression; body: Node[] }
  | { kind: 'if'; branches: { expression?: Expression; body: Node[] }[] };

type Expression =
  | { kind: 'value'; value: unknown }
  | { kind: 'path'; from: string; fields: string[] }
  | { kind: 'call'; name: string; args: Expression[] };

interface Part {
  kind: 'text' | 'action';
  text: string;
}

/** Text and actions in turns; what `{{-` and `-}}` trim is gone. */
function lex(template: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let trim = false;
  const text = (value: string, end: boolean) => {
    const begun = trim ? value.replace(/^[ \t\r\n]+/, '') : value;
    parts.push({ kind: 'text', text: end ? begun.replace(/[ \t\r\n]+$/, '') : begun });
  };
  for (const match of template.matchAll(/\{\{(- )?\s*(.*?)\s*( -)?\}\}/gs)) {
    text(template.slice(at, match.index), match[1] !== undefined);
    parts.push({ kind: 'action', text: match[2] });
    trim = match[3] !== undefined;
    at = match.index + match[0].length;
  }
  text(template.slice(at), false);
  return parts;
}

/** Nodes up to one of `ends`, which is left in its place. */
function parse(parts: Part[], ends: readonly string[]): Node[] {
  const nodes: Node[] = [];
  for (let part = parts[0]; part !== undefined; part = parts[0]) {
    const [word] = part.text.split(/\s/);
    if (part.kind === 'action' && ends.includes(word)) return nodes;
    parts.shift();
    if (part.kind === 'text') nodes.push({ kind: 'text', text: part.text });
    else if (word === 'range') nodes.push(rangeOf(part.text, parts));
    else if (word === 'if') nodes.push(ifOf(part.text, parts));
    else nodes.push({ kind: 'out', expression: expressionOf(part.text) });
  }
  if (ends.length > 0) throw new SyntaxError(`no ${ends.join(' or ')}`);
  return nodes;
}

function rangeOf(text: string, parts: Part[]): Node {
  const [, names = '', over] = /^range\s+(?:((?:\$\w+,\s*)?\$\w+)\s*:=\s*)?(.+)$/s.exec(text) ?? [];
  const body = parse(parts, ['end']);
  parts.shift();
  return {
    kind: 'range',
    names: names
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    expression: expressionOf(over),
    body,
  };
}

function ifOf(text: string, parts: Part[]): Node {
  const branches: { expression?: Expression; body: Node[] }[] = [];
  let head = text;
  for (;;) {
    const condition = /^(?:else\s+)?if\s+(.+)$/s.exec(head)?.[1];
    const body = parse(parts, ['else', 'end']);
    branches.push({ ...(condition !== undefined && { expression: expressionOf(condition) }), body });
    head = parts.shift()!.text;
    if (head === 'end') return { kind: 'if', branches };
  }
}

function expressionOf(text: string): Expression {
  const words = text.match(/"(?:[^"\\]|\\.)*"|[()]|[^\s()]+/g) ?? [];
  const expression = operands(words);
  if (words.length > 0) throw new SyntaxError(`a stray ${words[0]}`);
  return expression;
}

/** A call with its arguments, or a value alone, up to the end or a closing bracket. */
function operands(words: string[]): Expression {
  const [first] = words;
  if (first !== undefined && Object.hasOwn(FUNCTIONS, first)) {
    words.shift();
    const args: Expression[] = [];
    while (words.length > 0 && words[0] !== ')') args.push(operand(words));
    return { kind: 'call', name: first, args };
  }
  return operand(words);
}

function operand(words: string[]): Expression {
  const word = words.shift();
  if (word === '(') {
    const inner = operands(words);
    if (words.shift() !== ')') throw new SyntaxError('a bracket that is not closed');
    return inner;
  }
  if (word?.startsWith('"')) return { kind: 'value', value: JSON.parse(word) as string };
  if (word !== undefined && /^\d+$/.test(word)) return { kind: 'value', value: Number(word) };
  const [, from, fields] = /^(\$\w*|)((?:\.\w+)*)$/.exec(word ?? '') ?? [];
  if (from === undefined || (from === '' && fields === '')) throw new SyntaxError(`an unknown ${word}`);
  return { kind: 'path', from, fields: fields.split('.').slice(1) };
}

const FUNCTIONS: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
  eq: (a, b) => a === b,
  and: (...args) => args.find((one) => !holds(one)) ?? args.at(-1),
  or: (...args) => args.find(holds) ?? args.at(-1),
  not: (one) => !holds(one),
  len: (one) => (one as unknown[]).length,
  slice: (one, from) => (one as unknown[]).slice(from as number),
};

function holds(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

type Scope = ReadonlyMap<string, unknown>;

function write(nodes: readonly Node[], scope: Scope, dot: unknown): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
          return node.text;
        case 'out':
          return String(valueOf(node.expression, scope, dot) ?? '');
        case 'if': {
          const { branches } = node;
          const taken = branches.find(
            ({ expression }) => expression === undefined || holds(valueOf(expression, scope, dot)),
          );
          return taken === undefined ? '' : write(taken.body, scope, dot);
        }
        case 'range': {
          const { names, expression, body } = node;
          const items = valueOf(expression, scope, dot) as unknown[];
          return items
            .map((item, i) => {
              const values = names.length === 2 ? [i, item] : [item];
              const inner = names.map((name, n): [string, unknown] => [name, values[n]]);
              return write(body, new Map([...scope, ...inner]), item);
            })
            .join('');
        }
      }
    })
    .join('');
}

function valueOf(expression: Expression, scope: Scope, dot: unknown): unknown {
  switch (expression.kind) {
    case 'value':
      return expression.value;
    case 'call':
      return FUNCTIONS[expression.name](...expression.args.map((one) => valueOf(one, scope, dot)));
    case 'path': {
      const { from, fields } = expression;
      const start = from === '' ? dot : scope.get(from);
      return fields.reduce((value, field) => (value as Record<string, unknown>)[field], start);
    }
  }
}
