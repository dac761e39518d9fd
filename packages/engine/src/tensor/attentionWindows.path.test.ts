import { describeAttentionWindows } from '@selfjudge/testing/attentionWindows';
import { kernelPath } from '@selfjudge/testing/project';

describeAttentionWindows(kernelPath);
