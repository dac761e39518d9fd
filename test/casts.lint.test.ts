// Types follow from what is declared or from a check: nothing that ships casts one away.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { repository } from './support/scratchRepository.js';

const { AnyKeyword, NeverKeyword, UnknownKeyword } = ts.SyntaxKind;

/** Casts to `any` or `never`, and those over either or `unknown`, which agree with any type: FILE:LINE. */
function castsIn(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isAsExpression(node)) {
      const { expression, type } = node;
      const over = ts.isAsExpression(expression) && expression.type.kind === UnknownKeyword;
      if (over || type.kind === AnyKeyword || type.kind === NeverKeyword)
        found.push(`${path}:${source.getLineAndCharacterOfPosition(node.end).line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Sources of the packages that are published. */
const shipped = readdirSync(join(repository, 'packages'))
  .filter((name) => name !== 'testing')
  .flatMap((name) => {
    const folder = join('packages', name, 'src');
    const paths = readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' });
    return paths.map((path) => join(folder, path));
  })
  .filter((path) => /^(?!.*(\.test\.ts$|[\\/]testing[\\/])).*\.ts$/.test(path));

it('nothing that ships throws a type away', () => {
  expect(shipped.length).toBeGreaterThan(400);
  const casts = shipped.flatMap((path) => {
    const text = readFileSync(join(repository, path), 'utf8');
    return /\bas\s+(unknown|any|never)\b/.test(text) ? castsIn(path, text) : [];
  });
  expect(casts).toEqual([]);
});

it('casts are found where they stand', () => {
  const lines = ['const a = b as unknown as C;', 'const d = e as any;', 'f(g as never);', 'h(i as unknown);'];
  const text = [...lines, 'const j = k as', '  unknown as L;', 'const m = n as O;'].join('\n');
  expect(castsIn('x.ts', text)).toEqual(['x.ts:1', 'x.ts:2', 'x.ts:3', 'x.ts:6']);
});
