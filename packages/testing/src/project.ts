/**
 * Which project of vitest.config.ts this run is: `unit`, `soak`, `cuda` or a kernel path of the CPU. A test file that
 * several projects include asks here for its path or its size.
 */
import { cpuInfo } from '@selfjudge/native';

export const project = process.env['SELFJUDGE_TEST_PROJECT'] ?? 'unit';

/** The long forms of tests, for hours rather than minutes. */
export const soak = project === 'soak';

/** The kernel path of a `*.path.test.ts`: the project's, in the soak the machine's fastest. */
export const kernelPath = soak ? cpuInfo().paths[0] : project;
