import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients('cuda', 20);
