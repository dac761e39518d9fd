import { kernelPath, soak } from '@selfjudge/testing/project';
import { describeSampling } from '@selfjudge/testing/sampling';
import { describeSamplingEdges } from '@selfjudge/testing/samplingEdges';

// Twelve cases: 201,216 draws, in the soak ten million. On CUDA sameSamples wants the ids of the CPU instead.
if (kernelPath !== 'cuda') describeSampling(kernelPath, soak ? 833_408 : 16_768);
if (!soak) describeSamplingEdges(kernelPath);
