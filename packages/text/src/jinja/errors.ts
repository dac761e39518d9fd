/** What Jinja2 raises: a template that is none, an operation that Python does not have, `raise_exception`. */
export class TemplateError extends Error {}

/** A template that cannot be compiled. */
export class TemplateSyntaxError extends TemplateError {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(`${message} (line ${line})`);
  }
}
