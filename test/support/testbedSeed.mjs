// Makes the first seed of the testbed's table `check` again, into the folder given: its result as JSON.
import { worldDefaults } from '../../packages/selfjudge/dist/world/settings.js';
import { check } from '../../testbed/tables/check.mjs';

const [, , outputDir] = process.argv;
const [{ options }] = check.cells;
const [seed] = check.seeds;
const result = await check.of({ ...worldDefaults, ...options, seed, outputDir }, { onPhase() {} });
process.stdout.write(JSON.stringify(result));
