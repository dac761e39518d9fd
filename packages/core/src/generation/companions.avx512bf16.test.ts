import { describeCompanions } from '../testing/companions.js';

describeCompanions('avx512bf16', 200);
