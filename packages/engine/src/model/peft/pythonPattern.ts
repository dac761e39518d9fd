import { FileFormatError } from '@selfjudge/base';

/** Where a pattern stands, for errors. */
export interface PatternPlace {
  path: string;
  /** The key of the file. */
  key: string;
}

/** Patterns of real adapters have some dozen characters; V8 ends the process over some thousand nested groups. */
const LONGEST = 4096;

/** Escapes that mean the same in both; others of ASCII letters are errors in Python. */
const SAME_ESCAPES = 'bBdDfnrsStvwWxu0123456789';
const FLAGS: Record<string, string> = { a: '', u: '', i: 'i', m: 'm', s: 's' };

/**
 * A regular expression as Python's `re` reads it (https://docs.python.org/3/library/re.html), on names of modules.
 *
 * @param around what it stands in, '@' for the pattern itself; `^(?:@)$` is `re.fullmatch`. The pattern is put there as text, as
 *   PEFT's formatted strings do: its alternatives and its groups' numbers reach beyond it.
 * @throws FileFormatError for what Python refuses, or what we cannot say in JavaScript
 */
export function pythonPattern(source: string, around: string, { path, key }: PatternPlace): RegExp {
  const fail = (why: string): never => {
    throw new FileFormatError({
      path,
      expected: `${key} a regular expression of Python's re`,
      received: `${JSON.stringify(source.slice(0, 200))} (${why})`,
    });
  };
  if (source.length > LONGEST) fail(`longer than ${LONGEST} characters`);
  const { pattern, flags } = translated(source, fail);
  try {
    return new RegExp(
      around.replace('@', () => pattern),
      flags,
    );
  } catch (error) {
    return fail((error as Error).message);
  }
}

type Fail = (why: string) => never;

function translated(source: string, fail: Fail): { pattern: string; flags: string } {
  const global = /^\(\?([aiLmsux]+)\)/.exec(source);
  const flags = [...(global?.[1] ?? '')].map(
    (flag) => FLAGS[flag] ?? fail(`the flag ${flag} is not read here`),
  );
  let pattern = '';
  let at = global?.[0].length ?? 0;
  while (at < source.length) {
    const [text, length] = nextPart(source.slice(at), fail);
    pattern += text;
    at += length;
  }
  return { pattern, flags: [...new Set(flags.join(''))].join('') };
}

/** One part of a pattern in JavaScript, and its length in Python. */
function nextPart(rest: string, fail: Fail): [text: string, length: number] {
  if (rest.startsWith('\\')) return escape(rest, fail);
  if (rest.startsWith('[')) return characterClass(rest, fail);
  if (rest.startsWith('(?')) return group(rest, fail);
  // {,n} is {0,n}; in JavaScript it would be text.
  const [least] = /^\{,(?=\d+\})/.exec(rest) ?? [];
  return least === undefined ? [rest[0], 1] : ['{0,', least.length];
}

function escape(rest: string, fail: Fail): [string, number] {
  const letter = rest[1];
  if (letter === undefined) fail('it ends in a backslash');
  if (letter === 'A') return ['(?<![\\s\\S])', 2];
  if (letter === 'Z') return ['(?![\\s\\S])', 2];
  if (letter === 'a') return ['\\x07', 2];
  if (/[A-Za-z0-9]/.test(letter) && !SAME_ESCAPES.includes(letter)) fail(`\\${letter} is no escape`);
  return [rest.slice(0, 2), 2];
}

/** A bracket that closes nothing may stand first: `[]a]`. */
function characterClass(rest: string, fail: Fail): [string, number] {
  const [open] = /^\[\^?/.exec(rest) as RegExpExecArray;
  let text: string = open;
  let at = open.length;
  if (rest[at] === ']') {
    text += '\\]';
    at++;
  }
  while (at < rest.length && rest[at] !== ']') {
    const [part, length] = rest[at] === '\\' ? escape(rest.slice(at), fail) : [rest[at], 1];
    text += part;
    at += length;
  }
  return at < rest.length ? [`${text}]`, at + 1] : fail('a class is not closed');
}

function group(rest: string, fail: Fail): [string, number] {
  const [plain] = /^\(\?(:|=|!|<=|<!)/.exec(rest) ?? [];
  if (plain !== undefined) return [plain, plain.length];
  const [named, name] = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest) ?? [];
  if (named !== undefined) return [`(?<${name}>`, named.length];
  const [again, earlier] = /^\(\?P=([A-Za-z_]\w*)\)/.exec(rest) ?? [];
  if (again !== undefined) return [`\\k<${earlier}>`, again.length];
  const [comment] = /^\(\?#[^)]*\)/.exec(rest) ?? [];
  if (comment !== undefined) return ['', comment.length];
  return fail(`${rest.slice(0, 4)} is not read here`);
}
