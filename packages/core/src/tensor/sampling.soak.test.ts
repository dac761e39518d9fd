import { cpuInfo } from '@selfjudge/native';
import { describeSampling } from '../testing/sampling.js';

// Twelve cases: ten million draws.
describeSampling(cpuInfo().paths[0], 833_408);
