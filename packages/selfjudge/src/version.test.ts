import { expect, it } from 'vitest';
import { VERSION } from './version.js';

it('is a version', () => expect(VERSION).toMatch(/^\d+\.\d+\.\d+/));
