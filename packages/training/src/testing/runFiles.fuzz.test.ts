import { fuzz, SHORT } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { checkpointTarget, runFolderTarget } from './runFiles.js';

for (const target of [checkpointTarget, runFolderTarget]) {
  it(`${target.name} stands any input`, async () => {
    await fuzz(target, SHORT);
  });
}
