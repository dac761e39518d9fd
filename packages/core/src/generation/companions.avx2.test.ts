import { describeCompanions } from '../testing/companions.js';

describeCompanions('avx2', 200);
