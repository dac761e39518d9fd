import { fuzz, SOAK } from '@selfjudge/core/testing';
import { it } from 'vitest';

import { jsonlTarget } from './jsonl.js';
import { rowsTarget } from './rows.js';
import { yamlTarget } from './yaml.js';

for (const target of [jsonlTarget, rowsTarget, yamlTarget]) {
  it(`${target.name} stands a million inputs`, async () => {
    console.log(await fuzz(target, SOAK));
  });
}
