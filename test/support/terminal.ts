import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command in a terminal of its own, by script(1) of util-linux. */
export function inTerminal(args: readonly string[], cwd: string) {
  const main = fileURLToPath(new URL('../../packages/selfjudge/dist/cli/main.js', import.meta.url));
  const command = [process.execPath, main, ...args].map((word) => `'${word}'`).join(' ');
  const env = { ...process.env, TERM: 'xterm-256color' };
  // exec: a shell that waits would end as Ctrl-C has it, whatever the command made of it.
  const child = spawn('script', ['-qec', `stty cols 90 rows 30; exec ${command}`, '/dev/null'], { cwd, env });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const until = async (pattern: RegExp) => {
    for (let tries = 0; !pattern.test(screen); tries++) {
      if (tries === 1000) throw new Error(`${pattern} is not in ${JSON.stringify(screen)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const seen = screen;
    screen = '';
    return seen;
  };
  return { type: (text: string) => child.stdin.write(text), until, ended };
}
