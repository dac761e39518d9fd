import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients('avx512bf16', 2);
