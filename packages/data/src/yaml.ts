import { check, text as isText } from '@selfjudge/base/checks';
import { Composer, isScalar, Lexer, Parser, visit, type CST, type Document } from 'yaml';

/** Characters of a text; configurations and templates have some thousand. */
const LONGEST = 1 << 17;
const MOST_LEVELS = 64;

const OPTIONS = {
  // Warnings would be printed past the program; keys are checked below, and places are said there: the library takes
  // the square of the text's length for both.
  logLevel: 'error',
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * The value of a text in YAML or JSON, which may come from anywhere: it must be one document of at most 128 Ki
 * characters, nested at most some 64 deep, with texts or numbers as keys, each once.
 *
 * @throws SyntaxError saying what is wrong and in which line
 */
export function parseYaml(text: string): unknown {
  check('parseYaml', { text }, { text: isText });
  const fail = (reason: string, at?: number): never => {
    const line = at === undefined ? '' : ` (line ${text.slice(0, at).split('\n').length})`;
    throw new SyntaxError(reason + line);
  };
  if (text.length > LONGEST) fail(`expected at most ${LONGEST} characters, received ${text.length}`);
  // The library recurses. Beyond some thousand levels the stack ends, and V8 may end the process then.
  const tokens = syntaxOf(text) ?? fail(`expected at most ${MOST_LEVELS} levels of nesting`);
  const documents = new Composer(OPTIONS).compose(tokens, true, text.length);
  const { value: document } = documents.next() as { value: Document };
  const [error] = document.errors;
  if (error !== undefined) fail(error.message, error.pos[0]);
  if (documents.next().done !== true) fail('expected one document');
  visit(document, {
    Alias(_, alias, path) {
      const node = alias.resolve(document);
      if (node !== undefined && path.includes(node))
        fail('expected no value inside itself', alias.range?.[0]);
    },
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        const at = (key as { range?: [number] } | null)?.range?.[0];
        if (!isScalar(key)) return fail('expected keys that are texts', at);
        if (seen.has(key.value)) fail(`expected each key once, received '${String(key.value)}' twice`, at);
        seen.add(key.value);
      }
      return undefined;
    },
  });
  try {
    return document.toJS() as unknown;
  } catch (error) {
    // An alias without its anchor, or so many that they would become more than memory holds.
    return fail((error as Error).message);
  }
}

/** The text's syntax; undefined where it nests too deep. */
function syntaxOf(text: string): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MOST_LEVELS) return undefined;
  }
  tokens.push(...parser.end());
  return tokens;
}
