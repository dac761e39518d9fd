import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * One result a seed, of those that are there already the file.
 * @param of (options, hooks) -> result of a seed
 * @param options of the world; those of a result on file are the same
 */
export async function overSeeds({ root, seeds, name, options, of }) {
  const rows = [];
  for (const seed of seeds) {
    const outputDir = join(root, `seed-${seed}`);
    const file = join(outputDir, `${name}.json`);
    const asked = JSON.parse(JSON.stringify({ ...options, seed }));
    if (existsSync(file)) {
      const { options: had, result } = JSON.parse(readFileSync(file, 'utf8'));
      if (JSON.stringify(had) !== JSON.stringify(asked))
        throw new Error(
          `${file}: expected the result of ${JSON.stringify(asked)}, received that of ${JSON.stringify(had)}`,
        );
      rows.push(result);
      continue;
    }
    const started = performance.now();
    const say = (text) => process.stderr.write(`seed ${seed}: ${text}\n`);
    const onPhase = (phase, done) => say(`${phase}${done ? ' (done before)' : ''}`);
    mkdirSync(outputDir, { recursive: true });
    const result = await of({ ...options, seed, outputDir }, { onPhase, onWarning: say });
    writeFileSync(file, `${JSON.stringify({ options: asked, result })}\n`);
    say(`${((performance.now() - started) / 1000).toFixed(0)} s`);
    // As a file holds it, whichever way it came.
    rows.push(JSON.parse(JSON.stringify(result)));
  }
  return rows;
}

/** Writes a page and its figures to docs/results, and shows the page. */
export function publish(name, page, figures) {
  const place = (kind) => fileURLToPath(new URL(`../docs/results/${name}.${kind}`, import.meta.url));
  writeFileSync(place('json'), `${JSON.stringify(figures, null, 1)}\n`);
  writeFileSync(place('md'), page);
  process.stdout.write(page);
}
