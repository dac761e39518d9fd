// The faults that scripts/mutateCpu.mjs puts into CPU kernels, each at its place in the sources.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PATHS } from './suite.mjs';

/** The fault with its file, from `cpu`, and what that holds with the fault in it. */
function located(fault, cpu) {
  const found = readdirSync(cpu, { recursive: true, encoding: 'utf8' }).filter((name) =>
    `/${name}`.endsWith(`/${fault.in}`),
  );
  if (found.length !== 1)
    throw new Error(`${fault.name}: expected one ${fault.in} under ${cpu}, found ${found.length}`);
  const [file] = found;
  const mutated = fault.edits.reduce(
    (text, [from, to]) => {
      const places = text.split(from).length - 1;
      if (places !== 1)
        throw new Error(`${fault.name}: expected one place in ${file} with ${from}, found ${places}`);
      return text.replace(from, () => to);
    },
    readFileSync(join(cpu, file), 'utf8'),
  );
  const unknown = (fault.paths ?? []).filter((path) => !PATHS.includes(path));
  if (unknown.length > 0) throw new Error(`${fault.name}: expected kernel paths, received ${unknown}`);
  return { ...fault, file, mutated };
}

/**
 * Every fault of scripts/cpuFaults.json, with `file`, a path from `cpu`, the CPU backend's folder, and `mutated`, its text.
 * @throws Error where a fault's place is not there once, or its kernel paths are none
 */
export const cpuFaults = (cpu) =>
  JSON.parse(readFileSync(new URL('cpuFaults.json', import.meta.url), 'utf8')).map((fault) =>
    located(fault, cpu),
  );
