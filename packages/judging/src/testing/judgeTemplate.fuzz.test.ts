import { fuzz, SHORT } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { judgeTemplateTarget } from './judgeTemplate.js';

for (const target of [judgeTemplateTarget]) {
  it(`${target.name} stands any input`, async () => {
    await fuzz(target, SHORT);
  });
}
