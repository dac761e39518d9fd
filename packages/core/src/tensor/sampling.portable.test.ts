import { describeSampling } from '../testing/sampling.js';
import { describeSamplingEdges } from '../testing/samplingEdges.js';

describeSampling('portable', 16_768);
describeSamplingEdges('portable');
