import { describeTreeSharing } from '../testing/treeSharing.js';

describeTreeSharing('amx');
