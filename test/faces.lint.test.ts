import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as base from '@selfjudge/base';
import * as baseInside from '@selfjudge/base/internal';
import * as data from '@selfjudge/data';
import * as dataInside from '@selfjudge/data/internal';
import * as engine from '@selfjudge/engine';
import * as engineInside from '@selfjudge/engine/internal';
import * as evaluation from '@selfjudge/evaluation';
import * as evaluationInside from '@selfjudge/evaluation/internal';
import * as judging from '@selfjudge/judging';
import * as judgingInside from '@selfjudge/judging/internal';
import * as text from '@selfjudge/text';
import * as textInside from '@selfjudge/text/internal';
import * as training from '@selfjudge/training';
import * as trainingInside from '@selfjudge/training/internal';
import * as runs from '@selfjudge/training/runs';
import * as runsInside from '@selfjudge/training/runs/internal';

// A package's functions check their arguments at its face, and the workspace calls them past it.

const packages: Record<string, [face: Record<string, unknown>, inside: Record<string, unknown>]> = {
  base: [base, baseInside],
  text: [text, textInside],
  engine: [engine, engineInside],
  data: [data, dataInside],
  judging: [judging, judgingInside],
  training: [training, trainingInside],
  'training/runs': [runs, runsInside],
  evaluation: [evaluation, evaluationInside],
};

/** Where an entry's sources lie: of a package, or of a room with an entry of its own. */
function sourcesOf(name: string): string {
  const [owner, ...room] = name.split('/');
  return join('packages', owner, 'src', ...room);
}

/** TypeScript below a folder of sources. */
const filesOf = (name: string): string[] =>
  readdirSync(sourcesOf(name), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(sourcesOf(name), file));

/** Names that the face file exports, and that its module thereby checks. */
function checkedNames(name: string): Set<string> {
  const files = filesOf(name).filter((file) => /^face(\/\w+)?\.ts$/.test(relative(sourcesOf(name), file)));
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  return new Set([...text.matchAll(/^export const (\w+)/gm)].map(([, one]) => one));
}

/** What packages are made of: their tests and the kit may call what users do. */
const sources = [...Object.keys(packages), 'selfjudge']
  .flatMap(filesOf)
  .filter((file) => !/\.test\.ts$|\/testing\/|^packages\/selfjudge\/src\/index\.ts$/.test(file));

interface Import {
  names: string[];
  from: string;
}

/** The values that a source imports or exports from elsewhere. */
const importsOf = (file: string): Import[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) \{([^}]*)\} from '([^']+)';/gm)].map(
    ([, names, from]) => ({
      names: names.split(',').flatMap((name) => /^\s*(?!type )(\w+)/.exec(name)?.[1] ?? []),
      from,
    }),
  );

describe.each(Object.entries(packages))('%s', (name, [face, inside]) => {
  const checked = checkedNames(name);

  it('exports checked functions to users, and the same unchecked to its sisters', () => {
    expect(checked.size).toBeGreaterThan(0);
    for (const one of checked) {
      expect(face[one], `${one} of the face`).toBeDefined();
      expect(inside[one], `${one} of internal.ts`).toBeDefined();
      expect(face[one], `${one}: the checked one`).not.toBe(inside[one]);
    }
    const both = Object.keys(face).filter((one) => one in inside && !checked.has(one));
    for (const one of both) expect(face[one], `${one}: in no face`).toBe(inside[one]);
  });

  it('is called past its face by the workspace', () => {
    const calls = sources.flatMap((file) =>
      importsOf(file)
        .filter(({ from }) => from === `@selfjudge/${name}`)
        .flatMap(({ names }) => names.filter((one) => checked.has(one)).map((one) => `${file}: ${one}`)),
    );
    expect(calls).toEqual([]);
  });

  it('has a face that only its index imports', () => {
    const own = sources.filter((file) => file.startsWith(`${sourcesOf(name)}/`));
    const users = own.filter((file) => importsOf(file).some(({ from }) => /\/face(\/\w+)?\.js$/.test(from)));
    expect(users).toEqual(users.filter((file) => basename(file) === 'index.ts'));
  });
});
