import { Device } from '@selfjudge/core';
import { it } from 'vitest';
import { expectFlatMemory } from './testing/flatMemory.js';

it('2000 steps of self-training leave memory as it was', { timeout: 600_000 }, () =>
  expectFlatMemory(Device.open(), 2000),
);
