import { describeFuzz } from '@selfjudge/testing/fuzz/describeFuzz';
import { checkpointTarget, runFolderTarget } from './runFiles.js';

describeFuzz(checkpointTarget, runFolderTarget);
