import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readProfile, sumProfile } from '../../packages/training/dist/runs/index.js';
import { METHODS, PROMPTS, STEPS } from './settings.mjs';

/** What a step spends its work on. */
export const PHASES = ['generate', 'judge', 'reference', 'update'];

/**
 * What each method took, a prompt: GFLOP by phase, seconds; and the process's most memory. Of one that was not run to its end there is
 * neither.
 * @throws Error for a run of other steps
 */
export const costsOf = (folder) =>
  METHODS.map(({ name, holds, forwards }) => {
    const peak = join(folder, `${name}.peak`);
    if (!existsSync(peak)) return { name, holds, forwards };
    const profile = sumProfile(readProfile(join(folder, name)).rows);
    if (profile?.steps !== STEPS)
      throw new Error(
        `${join(folder, name)}: expected ${STEPS} steps, received ${profile?.steps ?? 0}: run run.mjs again`,
      );
    const flops = (phase) => profile.phases.find((one) => one.phase === phase)?.flops ?? 0;
    return {
      name,
      holds,
      forwards,
      peakBytes: Number(readFileSync(peak, 'utf8')),
      seconds: profile.seconds / PROMPTS,
      gflop: Object.fromEntries(PHASES.map((phase) => [phase, flops(phase) / 1e9 / PROMPTS])),
    };
  });
