import { cpuInfo } from '@selfjudge/native';
import { describeTreeGradients } from '../testing/treeGradients.js';

describeTreeGradients(cpuInfo().paths[0], 30);
