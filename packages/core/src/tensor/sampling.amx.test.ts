import { describeSampling } from '../testing/sampling.js';
import { describeSamplingEdges } from '../testing/samplingEdges.js';

describeSampling('amx', 16_768);
describeSamplingEdges('amx');
