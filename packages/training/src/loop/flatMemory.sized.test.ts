import { Device } from '@selfjudge/engine';
import { soak } from '@selfjudge/testing/project';
import { it } from 'vitest';
import { expectFlatMemory } from '../testing/flatMemory.js';

const STEPS = soak ? 2000 : 200;

it(`${STEPS} steps of self-training leave memory as it was`, { timeout: 600_000 }, () =>
  expectFlatMemory(Device.open(), STEPS),
);
