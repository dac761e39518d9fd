import { describeCompanions } from '@selfjudge/testing/companions';
import { kernelPath } from '@selfjudge/testing/project';

describeCompanions(kernelPath, 200);
