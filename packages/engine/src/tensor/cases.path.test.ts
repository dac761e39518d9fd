import { describeCases } from '@selfjudge/testing/describeCases';
import { kernelPath } from '@selfjudge/testing/project';

describeCases(kernelPath);
