import { TemplateError } from './errors.js';
import { globals } from './globals.js';
import { Interpreter } from './interpreter.js';
import type { Statement } from './nodes.js';
import { parse } from './parser.js';
import type { StandIns } from './printing.js';
import { Runtime } from './runtime.js';
import { Scope } from './scope.js';
import type { Value } from './values.js';
import { counting } from './work.js';

export interface RenderSettings {
  /** Steps it may take. */
  budget: number;
  /** The moment that `strftime_now` tells, in the local time zone. */
  now: Date;
  /** Characters of the variables that stand for other text. */
  standIns?: StandIns;
}

const NONE: StandIns = { has: () => false };

/**
 * A template as transformers runs it: Jinja2's ImmutableSandboxedEnvironment with trim_blocks, lstrip_blocks, loop
 * controls, the `generation` tag, `raise_exception`, `strftime_now` and a `tojson` that escapes no letters.
 */
export class JinjaTemplate {
  readonly #body: readonly Statement[];

  /** @throws TemplateError when `source` is no template */
  constructor(source: string) {
    this.#body = parse(source);
  }

  /** @throws TemplateError when an operation is none of Python's, or the template takes more steps than it may */
  render(
    variables: Iterable<readonly [name: string, value: Value]>,
    { budget, now, standIns = NONE }: RenderSettings,
  ): string {
    const scope = new Scope();
    for (const [name, value] of globals(now)) scope.set(name, value);
    for (const [name, value] of variables) scope.set(name, value);
    try {
      const runtime = new Runtime(budget, standIns);
      return counting(
        (steps) => runtime.spend(steps),
        () => new Interpreter(runtime, scope).render(this.#body),
      );
    } catch (error) {
      // A text longer than V8 makes, or a stack that ends.
      if (error instanceof RangeError) throw new TemplateError(error.message);
      throw error;
    }
  }
}
