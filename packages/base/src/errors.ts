/**
 * The typed errors of the library. Each names what is wrong, where, what was expected and what was received; the
 * same facts are properties, so nobody has to parse a message. Tell them apart by `code` (`isError(e, 'SJ_FAULT')`),
 * which also holds across copies of the package; `instanceof` works within one.
 */
export type ErrorCode =
  | 'SJ_WRONG_ARGUMENT'
  | 'SJ_DISPOSED'
  | 'SJ_OUT_OF_MEMORY'
  | 'SJ_FAULT'
  | 'SJ_FOREIGN'
  | 'SJ_INTERNAL'
  | 'SJ_FILE_FORMAT'
  | 'SJ_FILE_SYSTEM'
  | 'SJ_DATA'
  | 'SJ_CONFIG'
  | 'SJ_HUB'
  | 'SJ_RANK';

export type ErrorDetails = Readonly<Record<string, unknown>>;

export class SelfjudgeError extends Error {
  override readonly name: string = 'SelfjudgeError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/** Where a value was used, what would have been right and what came. */
export interface Mismatch {
  where: string;
  expected: string;
  received: unknown;
}

/** A call with a wrong value. `what` names the argument. */
export class ArgumentError extends SelfjudgeError {
  override readonly name = 'ArgumentError';
  constructor(what: string, { where, expected, received }: Mismatch) {
    super('SJ_WRONG_ARGUMENT', `[${where}] ${what}: expected ${expected}, received ${show(received)}`, {
      what,
      where,
      expected,
      received,
    });
  }
}

/** A tensor, weight, tree or device used after its end: disposed, or donated to an op that works in place. */
export class DisposedError extends SelfjudgeError {
  override readonly name = 'DisposedError';
  constructor(what: string, { where, expected, received }: Mismatch) {
    super('SJ_DISPOSED', `[${where}] ${what}: expected ${expected}, received ${show(received)}`, {
      what,
      where,
      expected,
      received,
    });
  }
}

/** A tensor, weight or tree of another device or thread. */
export class ForeignError extends SelfjudgeError {
  override readonly name = 'ForeignError';
  constructor(what: string, { where, expected, received }: Mismatch) {
    super('SJ_FOREIGN', `[${where}] ${what}: expected ${expected}, received ${show(received)}`, {
      what,
      where,
      expected,
      received,
    });
  }
}

/** Device memory could not be had. The call that asked throws; nothing was enqueued. */
export class OutOfMemoryError extends SelfjudgeError {
  override readonly name = 'OutOfMemoryError';
  constructor(what: string, { where, expected, received }: Mismatch) {
    super('SJ_OUT_OF_MEMORY', `[${where}] ${what}: expected ${expected}, received ${show(received)}`, {
      what,
      where,
      expected,
      received,
    });
  }
}

/** A command failed on the device: everything enqueued after it was skipped until `device.recover()`. */
export class FaultError extends SelfjudgeError {
  override readonly name = 'FaultError';
  readonly op: string;
  /** Number of the command in its stream, from 1. */
  readonly sequence: number;
  constructor(fault: { op: string; sequence: number; cause: string }) {
    super('SJ_FAULT', `[${fault.op}] command ${fault.sequence} failed: ${fault.cause}`, fault, {
      cause: fault.cause,
    });
    this.op = fault.op;
    this.sequence = fault.sequence;
  }
}

/** A file that is not what it says. `offset` is in bytes, `line` counts from 1; `advice` says what can be done. */
export class FileFormatError extends SelfjudgeError {
  override readonly name = 'FileFormatError';
  constructor(fact: {
    path: string;
    offset?: number;
    line?: number;
    expected: string;
    received: unknown;
    advice?: string;
  }) {
    const line = fact.line === undefined ? '' : `:${fact.line}`;
    const offset = fact.offset === undefined ? '' : ` at byte ${fact.offset}`;
    const place = `${fact.path}${line}${offset}`;
    const advice = fact.advice === undefined ? '' : `\n${fact.advice}`;
    super(
      'SJ_FILE_FORMAT',
      `${place}: expected ${fact.expected}, received ${show(fact.received)}${advice}`,
      fact,
    );
  }
}

/** The system refused to read or write a file: a full disk, a read-only folder. `cause` is the system's error. */
export class FileSystemError extends SelfjudgeError {
  override readonly name = 'FileSystemError';
  constructor(fact: { path: string; expected: string; cause: NodeJS.ErrnoException }) {
    const { path, expected, cause } = fact;
    const received = `${cause.code}: ${cause.message.replace(/^\w+: /, '').replace(/, .*$/s, '')}`;
    super(
      'SJ_FILE_SYSTEM',
      `${path}: expected ${expected}, received ${received}`,
      { path, expected, received },
      { cause },
    );
  }
}

/** What to throw for an error met while using `path`: the system's errors, which may not name it, with the path. */
export function fileSystemError(path: string, expected: string, error: unknown): unknown {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (isError(error) || code === undefined || syscall === undefined) return error;
  return new FileSystemError({ path, expected, cause: error as NodeJS.ErrnoException });
}

/** A row of a data set that cannot be used. `line` counts from 1. */
export class DataError extends SelfjudgeError {
  override readonly name = 'DataError';
  constructor(fact: { path: string; line: number; reason: string }) {
    super('SJ_DATA', `${fact.path}:${fact.line}: ${fact.reason}`, fact);
  }
}

/**
 * A hub that does not have, does not give or does not take what was asked for, or is not what it says. `status` is that of
 * its answer, where there was one.
 */
export class HubError extends SelfjudgeError {
  override readonly name = 'HubError';
  constructor(fact: {
    /** What was asked for, as it was written. */
    asked: string;
    expected: string;
    received: string;
    advice?: string;
    status?: number;
  }) {
    const advice = fact.advice === undefined ? '' : ` (${fact.advice})`;
    super('SJ_HUB', `${fact.asked}: expected ${fact.expected}, received ${fact.received}${advice}`, fact);
  }
}

/** A job of several processes that cannot begin or go on: what was asked of its ranks, and what came. */
export class RankError extends SelfjudgeError {
  override readonly name = 'RankError';
  constructor(fact: { what: string; expected: string; received: unknown }) {
    const { what, expected, received } = fact;
    super('SJ_RANK', `${what}: expected ${expected}, received ${show(received)}`, fact);
  }
}

/** What is wrong with a key of a configuration, or with its value. */
export interface ConfigFault {
  key: string;
  expected: string;
  received: unknown;
  /** The known word that was probably meant. */
  nearest?: string;
}

/** Keys or values of a configuration that are not known: a line each. `details` are those of the first, and `all`. */
export class ConfigError extends SelfjudgeError {
  override readonly name = 'ConfigError';
  constructor(fault: ConfigFault, ...more: readonly ConfigFault[]) {
    const all = [fault, ...more];
    super('SJ_CONFIG', all.map(describeFault).join('\n'), more.length > 0 ? { ...fault, all } : { ...fault });
  }
}

function describeFault({ key, expected, received, nearest }: ConfigFault): string {
  const hint = nearest === undefined ? '' : ` (did you mean '${nearest}'?)`;
  return `${key}: expected ${expected}, received ${show(received)}${hint}`;
}

/** Whether `error` is one of ours, of the given code if one is named. */
export function isError(error: unknown, code?: ErrorCode): error is SelfjudgeError {
  if (!(error instanceof Error)) return false;
  const own = (error as Partial<SelfjudgeError>).code;
  if (typeof own !== 'string' || !own.startsWith('SJ_')) return false;
  return code === undefined || own === code;
}

/**
 * A value as an error message shows it: short, whatever it holds and however deep it is, and strings that are sentences
 * of ours as they are.
 */
export function show(value: unknown): string {
  if (typeof value === 'string') return cut(value);
  return cut(shallow(value, 0));
}

const MOST_CHARACTERS = 200;
const MOST_ITEMS = 8;
const MOST_LEVELS = 4;

function cut(text: string): string {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}...` : text;
}

function shallow(value: unknown, level: number): string {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    if (level === MOST_LEVELS) return '[...]';
    const list = value as ArrayLike<unknown>;
    const items = Array.from({ length: Math.min(list.length, MOST_ITEMS) }, (_, i) =>
      shallow(list[i], level + 1),
    );
    const rest = list.length > MOST_ITEMS ? `, ... ${list.length} in all` : '';
    return `[${items.join(', ')}${rest}]`;
  }
  if (typeof value === 'function') return `the function ${value.name}`.trimEnd();
  if (typeof value === 'object' && value !== null) {
    // Of an object of a class its name: it may be large and lead anywhere.
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== null && prototype !== Object.prototype)
      return `a value of the class ${prototype.constructor?.name}`;
    if (level === MOST_LEVELS) return '{...}';
    const entries: string[] = [];
    for (const key of Object.keys(value)) {
      if (entries.length === MOST_ITEMS) {
        entries.push('...');
        break;
      }
      const inner = (value as Record<string, unknown>)[key];
      const text = typeof inner === 'string' ? JSON.stringify(cut(inner)) : shallow(inner, level + 1);
      entries.push(`${JSON.stringify(cut(key))}:${text}`);
    }
    return `{${entries.join(',')}}`;
  }
  return typeof value === 'string' ? cut(value) : String(value);
}
