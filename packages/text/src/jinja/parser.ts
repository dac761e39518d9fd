import type { Expr, Signature, Statement, Target } from './nodes.js';
import { parseExpression, parseFilter, parseTuple } from './parseExpression.js';
import { TokenStream } from './tokenStream.js';
import { validate } from './validate.js';

/**
 * The syntax tree of a template: Jinja2's language with loop controls and transformers' `generation` tag.
 * @throws TemplateSyntaxError
 */
export function parse(source: string): readonly Statement[] {
  const stream = new TokenStream(source);
  const body = new Parser(stream).statements([]);
  validate(body);
  return body;
}

class Parser {
  readonly #s: TokenStream;

  constructor(stream: TokenStream) {
    this.#s = stream;
  }

  /** Statements up to a tag of `ends`, whose name is the current token then; to the template's end where there are none. */
  statements(ends: readonly string[]): Statement[] {
    const s = this.#s;
    return s.nested(() => {
      const body: Statement[] = [];
      for (;;) {
        const { type, text } = s.next();
        if (type === 'text') body.push({ type, text });
        else if (type === 'print') {
          body.push({ type, value: parseTuple(s) });
          s.expect('end');
        } else if (type === 'begin') {
          if (s.is('name', ...ends)) return body;
          body.push(...this.#statement());
          s.expect('end');
        } else {
          if (ends.length > 0) s.fail(`the template ends, and a tag is open that ${ends.join(' or ')} ends`);
          return body;
        }
      }
    });
  }

  /** The body of a tag, from its end; the tag that ends the body is left as the current token. */
  #body(...ends: string[]): Statement[] {
    this.#s.skip('operator', ':');
    this.#s.expect('end');
    return this.statements(ends);
  }

  /** The body of a tag and the name that ends it. */
  #wholeBody(end: string): Statement[] {
    const body = this.#body(end);
    this.#s.next();
    return body;
  }

  #statement(): Statement[] {
    const s = this.#s;
    const tag = s.expect('name').text;
    switch (tag) {
      case 'for':
        return [this.#for()];
      case 'if':
        return [this.#if()];
      case 'set':
        return [this.#set()];
      case 'with':
        return [this.#with()];
      case 'print':
        return this.#print();
      case 'macro': {
        const name = s.expect('name').text;
        return [{ type: tag, name, ...this.#signature(), body: this.#wholeBody('endmacro') }];
      }
      case 'call': {
        const signature = s.is('operator', '(') ? this.#signature() : { params: [], defaults: [] };
        const call = parseExpression(s);
        if (call.type !== 'call') s.fail('expected call');
        return [{ type: 'call block', ...signature, call, body: this.#wholeBody('endcall') }];
      }
      case 'filter': {
        const filter = parseFilter(s, undefined, true)!;
        return [{ type: 'filter block', filter, body: this.#wholeBody('endfilter') }];
      }
      case 'block':
        return [this.#block()];
      case 'generation':
        return [{ type: tag, body: this.#wholeBody('endgeneration') }];
      case 'break':
      case 'continue':
        return [{ type: tag }];
      case 'include':
      case 'import':
      case 'from':
      case 'extends':
        while (s.current.type !== 'end' && s.current.type !== 'eof') s.next();
        return [{ type: 'load', tag }];
      case 'autoescape':
        if (!s.skip('name', 'false') && !s.skip('name', 'False')) s.fail('autoescape is not supported');
        return [{ type: 'with', assignments: [], body: this.#wholeBody('endautoescape') }];
      default:
        return s.fail(`Encountered unknown tag '${tag}'`);
    }
  }

  #for(): Statement {
    const s = this.#s;
    const target = this.#target();
    s.expect('name', 'in');
    const iterable = parseTuple(s, { conditional: false, stop: 'recursive' });
    const filter = s.skip('name', 'if') ? parseExpression(s) : undefined;
    const recursive = s.skip('name', 'recursive');
    const body = this.#body('endfor', 'else');
    const otherwise = s.next().text === 'else' ? this.#wholeBody('endfor') : [];
    return { type: 'for', target, iterable, filter, recursive, body, otherwise };
  }

  #if(): Statement {
    const s = this.#s;
    const branches: { test: Expr; body: Statement[] }[] = [];
    for (;;) {
      const test = parseTuple(s, { conditional: false });
      branches.push({ test, body: this.#body('elif', 'else', 'endif') });
      const { text } = s.next();
      if (text === 'elif') continue;
      return { type: 'if', branches, otherwise: text === 'else' ? this.#wholeBody('endif') : [] };
    }
  }

  #set(): Statement {
    const s = this.#s;
    const target = this.#target(true);
    if (s.skip('operator', '=')) return { type: 'set', target, value: parseTuple(s) };
    const filter = parseFilter(s);
    return { type: 'set block', target, filter, body: this.#wholeBody('endset') };
  }

  #with(): Statement {
    const s = this.#s;
    const assignments: [Target, Expr][] = [];
    while (s.current.type !== 'end' && s.current.type !== 'eof') {
      if (assignments.length > 0) s.expect('operator', ',');
      const target = this.#target();
      s.expect('operator', '=');
      assignments.push([target, parseExpression(s)]);
    }
    return { type: 'with', assignments, body: this.#wholeBody('endwith') };
  }

  #print(): Statement[] {
    const s = this.#s;
    const printed: Statement[] = [];
    while (s.current.type !== 'end' && s.current.type !== 'eof') {
      if (printed.length > 0) s.expect('operator', ',');
      printed.push({ type: 'print', value: parseExpression(s) });
    }
    return printed;
  }

  #block(): Statement {
    const s = this.#s;
    const name = s.expect('name').text;
    const scoped = s.skip('name', 'scoped');
    if (s.is('name', 'required')) s.fail('a required block has no text, and no other template gives it one');
    const body = this.#wholeBody('endblock');
    s.skip('name', name);
    return { type: 'block', name, scoped, body };
  }

  #signature(): Signature {
    const s = this.#s;
    const params: string[] = [];
    const defaults: Expr[] = [];
    s.expect('operator', '(');
    while (!s.is('operator', ')')) {
      if (params.length > 0) s.expect('operator', ',');
      params.push(s.expect('name').text);
      if (s.skip('operator', '=')) defaults.push(parseExpression(s));
      else if (defaults.length > 0) s.fail('non-default argument follows default argument');
    }
    s.next();
    return { params, defaults };
  }

  /** Names to assign to, with commas between them. @param attributes whether an attribute of a namespace may be one */
  #target(attributes = false): Target {
    const s = this.#s;
    const items: Target[] = [];
    let isList = false;
    while (s.current.type === 'name' || s.is('operator', '(')) {
      if (s.is('name', 'in')) break;
      items.push(this.#oneTarget(attributes));
      if (!s.skip('operator', ',')) break;
      isList = true;
    }
    if (items.length === 0) s.fail(`can't assign to ${s.described()}`);
    return isList ? { type: 'targets', items } : items[0];
  }

  #oneTarget(attributes: boolean): Target {
    const s = this.#s;
    if (s.skip('operator', '(')) {
      const inner = s.nested(() => this.#target(attributes));
      s.expect('operator', ')');
      return inner;
    }
    const name = s.expect('name').text;
    if (CONSTANT_NAMES.includes(name)) s.fail(`can't assign to '${name}'`);
    if (!attributes || !s.skip('operator', '.')) return { type: 'name', name };
    return { type: 'namespace', name, attribute: s.expect('name').text };
  }
}

const CONSTANT_NAMES = ['true', 'false', 'none', 'True', 'False', 'None'];
