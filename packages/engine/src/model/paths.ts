import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { check, path as isPath } from '@selfjudge/base/checks';
import { FileFormatError } from '@selfjudge/base';
import { checkpointName, checkpointSteps, RUN_LAYOUT } from '@selfjudge/base/internal';

export interface FoundModel {
  kind: 'folder' | 'gguf' | 'adapter';
  path: string;
}

/**
 * What a path given for a model means: a GGUF file, a folder with config.json, an adapter folder, a folder with one
 * GGUF file, or a run folder, whose `final/` is meant or, while there is none, its latest `checkpoints/step-N/`.
 *
 * @throws FileFormatError saying what was looked for
 */
export function findModel(path: string): FoundModel {
  check('findModel', { path }, { path: isPath });
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new FileFormatError({
      path,
      expected: 'a model folder, run folder or GGUF file',
      received: 'nothing there',
    });
  }
  if (stat.isFile()) {
    if (path.toLowerCase().endsWith('.gguf')) return { kind: 'gguf', path };
    throw new FileFormatError({
      path,
      expected: 'a model folder, run folder or .gguf file',
      received: 'another file',
    });
  }
  if (existsSync(join(path, 'adapter_config.json'))) return { kind: 'adapter', path };
  if (existsSync(join(path, 'config.json'))) return { kind: 'folder', path };
  const final = join(path, RUN_LAYOUT.final);
  if (existsSync(final)) return findModel(final);
  const checkpoints = join(path, RUN_LAYOUT.checkpoints);
  const step = checkpointSteps(checkpoints).at(-1);
  if (step !== undefined) return findModel(join(checkpoints, checkpointName(step)));
  const files = readdirSync(path).filter((name) => name.toLowerCase().endsWith('.gguf'));
  if (files.length === 1) return { kind: 'gguf', path: join(path, files[0]) };
  throw new FileFormatError({
    path,
    expected: 'config.json, adapter_config.json, final/, checkpoints/step-N/ or one GGUF file in this folder',
    received: files.length > 1 ? `${files.length} GGUF files` : 'none of them',
  });
}
