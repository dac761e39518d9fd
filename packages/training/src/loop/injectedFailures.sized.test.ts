import { Device } from '@selfjudge/engine';
import { project, soak } from '@selfjudge/testing/project';
import { afterAll } from 'vitest';
import { describeInjectedFailures } from '../testing/injectedFailures.js';

const device = Device.open(project === 'cuda' ? 'cuda' : soak ? 'cpu' : 'auto');
afterAll(() => device.close());
describeInjectedFailures(() => device, project !== 'cuda' ? (soak ? 1 : 3) : device.path === 'simt' ? 41 : 7);
