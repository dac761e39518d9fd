import { describeTreeSharing } from '../testing/treeSharing.js';

describeTreeSharing('avx512bf16');
