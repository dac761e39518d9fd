import { readFileSync } from 'node:fs';
import { ConfigError, FileFormatError, fileSystemError } from '@selfjudge/base';
import { parseYaml } from '@selfjudge/data/internal';
import { z } from 'zod';

/** Judges that vote together, each named as `--judge` names one. */
export interface NamedEnsemble {
  judges: string[];
  /** Of the vote of each, above 0. Default: all the same. */
  weights?: number[];
}

const schema = z
  .strictObject({
    judges: z.array(z.string().min(1), 'a list of judges').min(2, 'two or more judges'),
    weights: z.array(z.number().positive('a number above 0'), 'a list of numbers').optional(),
  })
  .refine(({ judges, weights }) => weights === undefined || weights.length === judges.length, {
    message: 'as many weights as judges',
    path: ['weights'],
  });

/** Whether a judge's name is the file of an ensemble. */
export const isEnsembleFile = (name: string): boolean => /\.ya?ml$/i.test(name);

/**
 * The judges of a YAML file {judges, weights}.
 * @throws ConfigError naming the key, FileFormatError when it is no YAML, FileSystemError
 */
export function readEnsemble(path: string): NamedEnsemble {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw fileSystemError(path, 'a list of judges', error);
    throw new FileFormatError({ path, expected: 'YAML with judges', received: error.message });
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue.code === 'unrecognized_keys';
  throw new ConfigError({
    key: [path, ...issue.path].join(': '),
    expected:
      unknown || issue.path.length === 0 ? 'a mapping with judges, and weights or none' : issue.message,
    received: unknown ? issue.keys.join(', ') : valueAt(content, issue.path),
  });
}

const valueAt = (content: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)[key], content);
