import { describeSampling } from '../testing/sampling.js';
import { describeSamplingEdges } from '../testing/samplingEdges.js';

describeSampling('avx2', 16_768);
describeSamplingEdges('avx2');
