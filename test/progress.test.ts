// What the build says while it works, and when it makes the CUDA module.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { cudaState } from '../scripts/buildCuda.mjs';

const progress = fileURLToPath(new URL('../scripts/progress.mjs', import.meta.url));

function run(seconds: number, code: string) {
  const args = [progress, String(seconds), process.execPath, '-e', code];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('a command that takes long', () => {
  it.each([
    ['[3/12] Building CXX object a.dir/backends/cpu/rope.cpp.o', '3 of 12, rope.cpp'],
    ['[ 42%] Building CXX object a.dir/backends/cpu/rope.cpp.o', '42%, rope.cpp'],
  ])('says where it is: %s', (line, told) => {
    const { status, stdout, stderr } = run(0.3, `console.log('${line}\\nmore'); setTimeout(() => {}, 1000)`);
    expect(status).toBe(0);
    expect(stdout).toBe(`${line}\nmore\n`);
    expect(stderr).toContain(`s: ${told} ... `);
  });

  it('says what it is when it says nothing itself', () => {
    expect(run(0.3, 'setTimeout(() => {}, 1000)').stderr).toContain('s: node -e ');
  });

  it('says nothing when it is quick, and keeps output, errors and exit status', () => {
    const { status, stdout, stderr } = run(
      20,
      `console.log('out'); console.error('err'); process.exitCode = 3`,
    );
    expect([status, stderr]).toEqual([3, '']);
    expect(stdout.split('\n').sort()).toEqual(['', 'err', 'out']);
  });

  it('fails when there is no such command', () => {
    const { status, stdout } = spawnSync(process.execPath, [progress, '20', 'no-such-command'], {
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([127, 'spawn no-such-command ENOENT\n']);
  });
});

describe('the CUDA module', () => {
  const root = mkdtempSync(join(tmpdir(), 'selfjudge-cuda-state-'));
  const write = (path: string, time: number) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), '');
    utimesSync(join(root, path), time, time);
  };
  const sources = [
    'native/include/ops/rope.h',
    'native/backends/fail.h',
    'native/backends/cuda/rope.cu',
    'native/backends/cuda/CMakeLists.txt',
    'cmake/CudaToolkit.cmake',
  ];
  const others = ['native/core/bf16.h', 'native/backends/cpu/rope.cpp', 'native/backends/cpu/ops.h'];
  afterEach(() => rmSync(root, { recursive: true }));

  it('is built once it was asked for, and again when its sources changed', () => {
    for (const path of [...sources, ...others]) write(path, 1000);
    expect(cudaState(root)).toBe('never asked for');
    write('native/build/cuda/CMakeCache.txt', 1500);
    expect(cudaState(root)).toBe('changed');
    write('native/build/cuda/selfjudge_cuda.so', 2000);
    expect(cudaState(root)).toBe('made');
    for (const path of others) write(path, 3000);
    expect(cudaState(root)).toBe('made');
    for (const path of sources) {
      write(path, 3000);
      expect(cudaState(root), path).toBe('changed');
      write(path, 1000);
    }
    expect(cudaState(root)).toBe('made');
  });
});
