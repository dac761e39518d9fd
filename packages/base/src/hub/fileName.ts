// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * What is wrong with the name of a file in somebody's repository, were it a path below a folder of ours: it could lead out
 * of it, or mean something else on another system.
 *
 * @returns undefined for nothing; else what, in words
 */
export function fileNameFault(name: string): string | undefined {
  if (CONTROL.test(name)) return 'its name has control characters';
  if (name.includes('\\')) return 'its name has backslashes';
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'its name is an absolute path';
  const parts = name.split('/');
  if (parts.includes('..') || parts.includes('.')) return "its name has a part '.' or '..'";
  return parts.includes('') ? 'its name has an empty part' : undefined;
}
