import { describeSamplingEdges } from '../testing/samplingEdges.js';

describeSamplingEdges('cuda');
