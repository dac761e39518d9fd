import { kernelPath } from '@selfjudge/testing/project';
import { describeTreeSharing } from '@selfjudge/testing/treeSharing';

describeTreeSharing(kernelPath);
