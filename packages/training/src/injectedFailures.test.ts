import { Device } from '@selfjudge/core';
import { describeInjectedFailures } from './testing/injectedFailures.js';

describeInjectedFailures(() => Device.open(), 3);
