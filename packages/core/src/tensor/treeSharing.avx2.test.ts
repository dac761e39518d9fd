import { describeTreeSharing } from '../testing/treeSharing.js';

describeTreeSharing('avx2');
