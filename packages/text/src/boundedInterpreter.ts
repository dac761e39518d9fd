import { Interpreter, type Environment } from '@huggingface/jinja';

interface Value {
  value: unknown;
}

/** A node of a template's syntax tree; those used here. */
interface Node {
  type: string;
  /** Of a loop. */
  iterable?: Node;
  /** Of a loop's `x in list if condition`. */
  lhs?: Node;
  /** Of an expression or block with a filter: its name, or a call of it. */
  filter?: { callee?: { value?: unknown }; args?: (Node & { value?: unknown })[] };
}

/** What of the library's interpreter is used here: its declarations are not found by Node's rules. */
const Unbounded = Interpreter as new (environment: Environment) => {
  run(program: unknown): Value;
  evaluate(node: Node | undefined, environment: Environment): Value;
};

/** Nodes inside each other. Some hundred more and the stack ends, and V8 may end the process then. */
const MOST_LEVELS = 300;
/** Characters, or items, of a value that count as one step: what is done with a value takes as long as it is. */
const CHARACTERS_A_STEP = 64;
const ITEMS_A_STEP = 8;
const STEPS_A_TURN = 2;
const WIDEST_INDENT = 1000;

/**
 * Jinja's interpreter that stops after so many steps. The count is the same on every machine; a clock would not be.
 */
export class BoundedInterpreter extends Unbounded {
  readonly #budget: number;
  readonly #iterables = new Set<Node | undefined>();
  #left: number;
  #level = 0;

  /** @param budget nodes evaluated at most; long values and turns of loops count as further ones */
  constructor(environment: Environment, budget: number) {
    super(environment);
    this.#budget = budget;
    this.#left = budget;
  }

  override evaluate(node: Node | undefined, environment: Environment): Value {
    this.#spend(1);
    if (++this.#level > MOST_LEVELS) throw new Error(`the template nests more than ${MOST_LEVELS} levels`);
    if (node?.type === 'For') this.#iterables.add(node.iterable?.lhs ?? node.iterable);
    if (node?.filter !== undefined) this.#checkIndent(node.filter, environment);
    const result = super.evaluate(node, environment);
    this.#level--;
    const { value } = result;
    if (typeof value === 'string') this.#spend(value.length / CHARACTERS_A_STEP);
    if (Array.isArray(value)) {
      this.#spend(this.#iterables.has(node) ? value.length * STEPS_A_TURN : value.length / ITEMS_A_STEP);
    }
    return result;
  }

  #spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new Error(`the template takes more than ${this.#budget} steps`);
  }

  /** The filters that indent make as many spaces as they are told before anybody sees the result. */
  #checkIndent({ callee, args = [] }: NonNullable<Node['filter']>, environment: Environment): void {
    if (callee?.value !== 'tojson' && callee?.value !== 'indent') return;
    for (const argument of args) {
      if (/Spread/.test(argument.type)) throw new Error(`${callee.value} takes no list of arguments`);
      const node = argument.type === 'KeywordArgumentExpression' ? (argument.value as Node) : argument;
      const { value } = this.evaluate(node, environment);
      if (typeof value === 'number' && value > WIDEST_INDENT) {
        throw new Error(`${callee.value} indents by at most ${WIDEST_INDENT}`);
      }
    }
  }
}
