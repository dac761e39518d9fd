import { fuzz, SHORT } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { configurationTarget, runFactsTarget } from './configuration.js';

for (const target of [configurationTarget, runFactsTarget]) {
  it(`${target.name} stands any input`, async () => {
    await fuzz(target, SHORT);
  });
}
