import { fuzz, SOAK } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { configurationTarget, runFactsTarget } from './configuration.js';

for (const target of [configurationTarget, runFactsTarget]) {
  it(`${target.name} stands a million inputs`, async () => {
    console.log(await fuzz(target, SOAK));
  });
}
