import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { peerPython } from './peerPython.js';

const peer = fileURLToPath(new URL('../../benchmarks/peers/reward_scores.py', import.meta.url));

interface Scored {
  /** What config.json says, or was told. */
  pad: number;
  rewards: number[];
  /** Python's class. */
  kind: string;
}

/** Rewards of a folder saved here, by transformers, or by PEFT where it is an adapter; in one padded batch. */
export function pythonRewards(
  work: { rows: number[][] } & ({ full: string } | { base: string; adapter: string; pad: number }),
): Scored {
  const stdout = execFileSync(peerPython!, [peer], {
    input: JSON.stringify(work),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return JSON.parse(stdout) as Scored;
}
