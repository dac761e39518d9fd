import { Device } from '@selfjudge/core';
import { afterAll } from 'vitest';
import { describeInjectedFailures } from './testing/injectedFailures.js';

const device = Device.open('cuda');
afterAll(() => device.close());
describeInjectedFailures(() => device, device.path === 'simt' ? 41 : 7);
