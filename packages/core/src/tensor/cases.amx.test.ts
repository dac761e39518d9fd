import { describeCases } from '../testing/describeCases.js';

describeCases('amx');
