import { describeFuzz } from '@selfjudge/testing/fuzz/describeFuzz';
import { jsonlTarget } from './jsonl.js';
import { rowsTarget } from './rows.js';
import { yamlTarget } from './yaml.js';

describeFuzz(jsonlTarget, rowsTarget, yamlTarget);
