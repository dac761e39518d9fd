// Runs a command whose output nobody sees and says on stderr, every so many seconds, how far it is and at what:
//   node scripts/progress.mjs SECONDS COMMAND [ARGUMENT ...]
// Its own output is the command's, errors included, and its exit status too.
import { spawn, spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Runs a command to its end without showing its output; what takes long says so. Returns what spawnSync returns. */
export function runQuietly(command, args, options = {}, seconds = 20) {
  return spawnSync(process.execPath, [fileURLToPath(import.meta.url), String(seconds), command, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
}

/** "12 of 61, rope.cpp" from the lines of Ninja ("[12/61] Building ...") and make ("[ 42%] Building ..."). */
function readStatus(line) {
  const [, done, what] = /^\[\s*(\d+\/\d+|\d+%)\] (.*)/.exec(line) ?? [];
  if (done === undefined) return undefined;
  return `${done.replace('/', ' of ')}, ${basename(what).replace(/\.o$/, '')}`;
}

function main([seconds, command, ...args]) {
  let status = [command, ...args].map((word) => basename(word)).join(' ');
  let rest = '';
  const start = Date.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      process.stdout.write(text);
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop();
      for (const line of lines) status = readStatus(line) ?? status;
    });
  const told = setInterval(
    () => process.stderr.write(`\n  ${Math.round((Date.now() - start) / 1000)} s: ${status} ... `),
    1000 * Number(seconds),
  );
  child.on('error', (error) => {
    process.stdout.write(`${error.message}\n`);
    process.exitCode = 127;
    clearInterval(told);
  });
  child.on('close', (code) => {
    clearInterval(told);
    process.exitCode ??= code ?? 1;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
