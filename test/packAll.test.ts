// What a person gets who installs the tarballs of `pnpm pack:all` with npm, on a system without a compiler.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packAll } from '../scripts/packAll.mjs';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-packed-'));
const project = join(folder, 'project');
const bin = join(folder, 'bin');
let tarballs: string[];
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command where Node, npm and a shell are all there is. */
function run(command: string, ...args: string[]): string {
  const env = { ...process.env, PATH: bin, SELFJUDGE_NATIVE_MODULE: undefined };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8', env });
  expect(status, `${command} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

beforeAll(() => {
  tarballs = packAll(join(folder, 'tarballs'));
  mkdirSync(project);
  mkdirSync(bin);
  for (const name of ['node', 'npm', 'npx'])
    symlinkSync(join(dirname(process.execPath), name), join(bin, name));
  symlinkSync('/bin/sh', join(bin, 'sh'));
  run('npm', 'init', '-y');
  run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs);
}, 180_000);

const modules = (...path: string[]) => join(project, 'node_modules', ...path);

it('there is one for every package but the test kit', () => {
  const names = tarballs.map((path) => /([a-z-]+)-\d+\.\d+\.\d+\.tgz$/.exec(path)?.[1]).sort();
  expect(names).toEqual(
    [
      'selfjudge',
      ...['base', 'data', 'engine', 'evaluation', 'judging', 'native', 'text', 'training'].map(
        (name) => `selfjudge-${name}`,
      ),
    ].sort(),
  );
});

it('no tests, nothing of the test kit, no maps of sources that are not there', () => {
  const installed = ['selfjudge', ...readdirSync(modules('@selfjudge')).map((name) => `@selfjudge/${name}`)];
  for (const name of installed) {
    const files = readdirSync(modules(name), { recursive: true, encoding: 'utf8' });
    expect(files.filter((path) => /\.test\.|(^|\/)testing(\/|$)|\.map$|tsbuildinfo/.test(path))).toEqual([]);
    expect(readFileSync(modules(name, 'package.json'), 'utf8')).not.toMatch(/workspace:|devDependencies/);
    expect(existsSync(modules(name, 'LICENSE'))).toBe(true);
  }
});

it('npx selfjudge works, with the addon of the tarball', () => {
  expect(run('npx', '--no-install', 'selfjudge', '--help')).toContain('self-train');
  const doctor = JSON.parse(run('npx', '--no-install', 'selfjudge', 'doctor', '--json'));
  expect(doctor.paths).toContain(doctor.path);
});

it('the addon finds the libraries that came with it', () => {
  const code = `
    const { Device } = await import('@selfjudge/engine');
    Device.open('cpu');
    console.log(JSON.stringify(process.report.getReport().sharedObjects));`;
  const objects: string[] = JSON.parse(run('node', '--input-type=module', '-e', code));
  const ours = objects.filter((path) => /selfjudge|hwy/.test(path));
  expect(ours.length).toBeGreaterThan(0);
  expect(ours.filter((path) => !path.includes('/node_modules/@selfjudge/native/'))).toEqual([]);
});

it('its types are found', () => {
  const { exports } = JSON.parse(readFileSync(modules('selfjudge', 'package.json'), 'utf8'));
  for (const { types, default: code } of Object.values<{ types: string; default: string }>(exports)) {
    expect(existsSync(modules('selfjudge', types))).toBe(true);
    expect(existsSync(modules('selfjudge', code))).toBe(true);
  }
});
