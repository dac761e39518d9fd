// A kernel's scratch is the workspace that its op asked for: nothing is allocated while a call runs.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repository } from './support/scratchRepository.js';

const folder = join(repository, 'native/backends/cpu');
const read = (path: string) => readFileSync(join(folder, path), 'utf8');
const ALLOCATES =
  /\bstd::(vector|string|deque|list|map|set|unordered_\w+|make_unique|make_shared)\b|\b(malloc|calloc|realloc|new)\b/;
const code = (text: string) => text.replace(/\/\/.*/g, '');

// Kernels define run_; the rest of the backend (memory, the pool of workers) is what allocates for them.
const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (path) => /-inl\.h$|\.inc$/.test(path) || (path.endsWith('.cpp') && /^int32_t run_/m.test(read(path))),
);

it('is found in every kernel file', () => {
  expect(paths).toEqual(
    expect.arrayContaining(['swiglu.cpp', 'vectors-inl.h', 'attention/tree_attention.cpp']),
  );
});

it.each(paths)('%s allocates nothing', (path) => {
  expect(code(read(path))).not.toMatch(ALLOCATES);
});

it.each(['std::vector<int> rows;', 'auto* p = new float[8];', 'void* p = malloc(8);'])(
  '%s is seen',
  (text) => {
    expect(code(text)).toMatch(ALLOCATES);
  },
);
