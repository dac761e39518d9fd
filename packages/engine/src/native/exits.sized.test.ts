import { expectCleanExits } from '@selfjudge/testing/childProcess';
import { soak } from '@selfjudge/testing/project';
import { it } from 'vitest';

const TIMES = soak ? 100 : 10;

it(`process.exit with a full queue, ${TIMES} times: never a crash, never a hang`, () => expectCleanExits(TIMES));
