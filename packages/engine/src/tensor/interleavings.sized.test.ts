import { compareInterleavings } from '@selfjudge/testing/interleavings';
import { project, soak } from '@selfjudge/testing/project';
import { afterAll, it } from 'vitest';
import { Device } from './device.js';

const device = Device.open(project === 'cuda' ? 'cuda' : 'cpu');
afterAll(() => device.close());
const COUNT = device.path === 'simt' ? 50 : soak ? 10_000 : 2000;

it(`${COUNT} random interleavings read the bits of their synchronous twins`, () =>
  compareInterleavings(device, COUNT));
