import type { OpCase } from './case.js';
import { attentionCases } from './cases/attention.js';
import { elementwiseCases } from './cases/elementwise.js';
import { feedTokensCases } from './cases/feedTokens.js';
import { headCases } from './cases/head.js';
import { linearCases } from './cases/linear.js';
import { linearGroupCases } from './cases/linearGroup.js';
import { optimizerCases } from './cases/optimizer.js';
import { rowCases } from './cases/rows.js';

/** The one case table: correctness against float64, gradients and coverage all read it. */
export const cases: OpCase[] = [
  ...rowCases,
  ...elementwiseCases,
  ...linearCases,
  ...linearGroupCases,
  ...attentionCases,
  ...headCases,
  ...optimizerCases,
  ...feedTokensCases,
];
