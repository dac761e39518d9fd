import { afterAll, it } from 'vitest';
import { compareInterleavings } from '../testing/interleavings.js';
import { Device } from './device.js';

const device = Device.open('cuda');
afterAll(() => device.close());
const COUNT = device.path === 'simt' ? 50 : 2000;

it(`${COUNT} random interleavings read the bits of their synchronous twins`, () =>
  compareInterleavings(device, COUNT));
