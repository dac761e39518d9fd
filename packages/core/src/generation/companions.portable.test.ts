import { describeCompanions } from '../testing/companions.js';

describeCompanions('portable', 200);
