import { fuzz, SOAK } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { judgeTemplateTarget } from './judgeTemplate.js';

for (const target of [judgeTemplateTarget]) {
  it(`${target.name} stands a million inputs`, async () => {
    console.log(await fuzz(target, SOAK));
  });
}
