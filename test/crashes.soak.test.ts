import { describe } from 'vitest';
import { describeCrashes } from './support/crashes.js';

describe('crashes', () => describeCrashes({ kills: 25, timed: 25, places: Infinity, full: Infinity }));
