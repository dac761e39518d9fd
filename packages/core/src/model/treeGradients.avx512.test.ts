import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients('avx512', 2);
