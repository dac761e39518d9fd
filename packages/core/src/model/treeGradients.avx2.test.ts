import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients('avx2', 2);
