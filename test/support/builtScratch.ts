import { join } from 'node:path';
import { repository, scratchRepository } from './scratchRepository.js';

/** A copy of the repository's sources whose commands use the addon that was built here. */
export function builtScratch(): ReturnType<typeof scratchRepository> {
  const scratch = scratchRepository();
  scratch.environment['SELFJUDGE_NATIVE_MODULE'] ??= join(
    repository,
    'native/build/Release/selfjudge_native.node',
  );
  return scratch;
}
