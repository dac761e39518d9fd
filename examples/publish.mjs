import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Writes a page and its figures to docs/results, and shows the page. */
export function publish(name, page, figures) {
  const place = (kind) => fileURLToPath(new URL(`../docs/results/${name}.${kind}`, import.meta.url));
  writeFileSync(place('json'), `${JSON.stringify(figures, null, 1)}\n`);
  writeFileSync(place('md'), page);
  process.stdout.write(page);
}
