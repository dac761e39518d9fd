import { fuzz, SOAK } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { checkpointTarget, runFolderTarget } from './runFiles.js';

for (const target of [checkpointTarget, runFolderTarget]) {
  it(`${target.name} stands a million inputs`, async () => {
    console.log(await fuzz(target, SOAK));
  });
}
