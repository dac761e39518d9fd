import { describeFuzz } from '@selfjudge/testing/fuzz/describeFuzz';
import { judgeTemplateTarget } from './judgeTemplate.js';

describeFuzz(judgeTemplateTarget);
