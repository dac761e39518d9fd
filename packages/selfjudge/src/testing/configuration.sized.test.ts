import { describeFuzz } from '@selfjudge/testing/fuzz/describeFuzz';
import { configurationTarget, runFactsTarget } from './configuration.js';

describeFuzz(configurationTarget, runFactsTarget);
