import { afterAll, it } from 'vitest';
import { compareInterleavings } from '../testing/interleavings.js';
import { Device } from './device.js';

const device = Device.open('cpu');
afterAll(() => device.close());

it('10,000 random interleavings read the bits of their synchronous twins', () =>
  compareInterleavings(device, 10_000));
