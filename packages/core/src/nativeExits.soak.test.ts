import { it } from 'vitest';
import { expectCleanExits } from './testing/childProcess.js';

it('process.exit with a full queue, 100 times: never a crash, never a hang', () => expectCleanExits(100));
