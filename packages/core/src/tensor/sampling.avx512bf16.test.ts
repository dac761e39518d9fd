import { describeSampling } from '../testing/sampling.js';
import { describeSamplingEdges } from '../testing/samplingEdges.js';

describeSampling('avx512bf16', 16_768);
describeSamplingEdges('avx512bf16');
