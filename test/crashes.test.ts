import { describe } from 'vitest';
import { describeCrashes } from './support/crashes.js';

describe('crashes', () => describeCrashes({ kills: 5, timed: 0, places: 4, full: 2 }));
