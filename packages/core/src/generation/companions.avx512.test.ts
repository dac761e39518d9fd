import { describeCompanions } from '../testing/companions.js';

describeCompanions('avx512', 200);
