import { kernelPath, soak } from '@selfjudge/testing/project';
import { describeTreeGradients } from '@selfjudge/testing/treeGradients';

describeTreeGradients(kernelPath, soak ? 30 : kernelPath === 'cuda' ? 20 : 2);
