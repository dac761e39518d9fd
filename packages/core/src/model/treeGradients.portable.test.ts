import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients('portable', 2);
