import { soak } from '@selfjudge/testing/project';
import { describe } from 'vitest';
import { describeCrashes } from './support/crashes.js';

const SHORT = { kills: 5, timed: 0, places: 4, full: 2 };
const LONG = { kills: 25, timed: 25, places: Infinity, full: Infinity };

describe('crashes', () => describeCrashes(soak ? LONG : SHORT));
