import { describeCompanions } from '../testing/companions.js';

describeCompanions('amx', 200);
