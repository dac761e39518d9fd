import { describeCompanions } from '../testing/companions.js';

describeCompanions('cuda', 200);
