import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients('amx', 2);
