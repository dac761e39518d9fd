// What the examples share: the command line as a person types it, and one line on what does not go on.
import { spawnSync } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../packages/selfjudge/dist/cli/main.js', import.meta.url));

/**
 * Runs a command, says which and how long it took, and ends where it fails.
 * @param stdout as spawn takes it; of `pipe` what was printed is the result
 * @param env variables beside those of this process
 */
export function selfjudge(args, stdout = 'inherit', env = {}) {
  process.stderr.write(`\n$ selfjudge ${args.join(' ')}\n`);
  const started = performance.now();
  const ended = spawnSync(process.execPath, [main, ...args], {
    stdio: ['ignore', stdout, 'inherit'],
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s\n`);
  if (ended.status !== 0) process.exit(ended.status ?? 1);
  return ended.stdout;
}

/** Ends with a reason. @param code 2 for a wrong call */
export function stop(reason, code = 1) {
  process.stderr.write(`${reason}\n`);
  process.exit(code);
}

/** Flags of several values with one value each, as parseArgs reads them: `--seeds 1 2` becomes `--seeds 1 --seeds 2`. */
export function spread(args, flags) {
  let last;
  return args.flatMap((word, i) => {
    if (word.startsWith('--')) last = word;
    const more = flags.includes(last) && !word.startsWith('--') && args[i - 1] !== last;
    return more ? [last, word] : [word];
  });
}

/** Makes a file that is not there; it takes its name when it is whole. @param make is given where to write it */
export async function whole(path, make) {
  if (existsSync(path)) return;
  await make(`${path}.partial`);
  renameSync(`${path}.partial`, path);
}
