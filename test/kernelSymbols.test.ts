// The check that no symbol is defined in two kernel files notices each way in which one can be.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { definedSymbols, sharedSymbols } from '../scripts/kernelSymbols.mjs';

const folder = mkdtempSync(join(tmpdir(), 'selfjudge-symbols-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = `#pragma once
namespace selfjudge {
template <class T> inline unsigned long bytes_of() { return sizeof(T); }
inline constexpr int kKeys = 64;
inline const int* keys() { return &kKeys; }
template <class T> inline T twice(T x) { return [&] { return 2 * x; }(); }
}
`;

/** What the check says of kernels a.cpp and b.cpp, each with its own helper. */
function check(helperOf: (file: string) => string): string[] {
  writeFileSync(join(folder, 'shared.h'), HEADER);
  const sources = ['a', 'b'].map((file) => {
    const source = join(folder, `${file}.cpp`);
    const text = `#include "shared.h"\nnamespace selfjudge::cpu {\n${helperOf(file)}\n}\n`;
    writeFileSync(source, text);
    const object = join(folder, `${file}.o`);
    const { status, stderr } = spawnSync(
      'c++',
      ['-std=c++20', '-O0', '-g1', '-gdwarf-4', '-c', source, '-o', object],
      {
        encoding: 'utf8',
      },
    );
    expect(status, stderr).toBe(0);
    return source;
  });
  const objects = ['a.o', 'b.o'].map((object) => join(folder, object));
  return sharedSymbols(definedSymbols(objects), sources)
    .map((text) => text.split('\n')[0]!)
    .sort();
}

const run = (file: string, body: string) => `int run_${file}(int x) { return ${body}; }`;

it.each([
  [
    'an inline function',
    (file: string) =>
      `inline int helper(int x) { return x + ${file.charCodeAt(0)}; }\n${run(file, 'helper(x)')}`,
    ['selfjudge::cpu::helper(int)'],
  ],
  [
    'a function template',
    (file: string) =>
      `template <class T> int helper(T x) { return x + ${file.charCodeAt(0)}; }\n${run(file, 'helper(x)')}`,
    ['int selfjudge::cpu::helper<int>(int)'],
  ],
  [
    'a lambda of one',
    (file: string) =>
      `template <class T> int helper(T x) { return [&] { return x + ${file.charCodeAt(0)}; }(); }\n${run(file, 'helper(x)')}`,
    [
      'int selfjudge::cpu::helper<int>(int)',
      'selfjudge::cpu::helper<int>(int)::{lambda()#1}::operator()() const',
    ],
  ],
  [
    'an inline variable',
    (file: string) => `inline int rows = ${file.charCodeAt(0)};\n${run(file, 'rows')}`,
    ['selfjudge::cpu::rows'],
  ],
  [
    'a variable template',
    (file: string) => `template <class T> T rows = ${file.charCodeAt(0)};\n${run(file, 'rows<int>')}`,
    ['selfjudge::cpu::rows<int>'],
  ],
  [
    'a member of a type',
    (file: string) =>
      `struct Task { int get() { return ${file.charCodeAt(0)}; } };\n${run(file, 'Task().get()')}`,
    ['selfjudge::cpu::Task::get()'],
  ],
  [
    'a shared template of a type of its own',
    (file: string) => `struct Task { char x[${file.charCodeAt(0)}]; };\n${run(file, 'x + bytes_of<Task>()')}`,
    ['unsigned long selfjudge::bytes_of<selfjudge::cpu::Task>()'],
  ],
])('finds %s', (_, helperOf, expected) => {
  expect(check(helperOf)).toEqual([...expected].sort());
  const hidden = (file: string) => {
    const [helper, entry] = helperOf(file).split('\n');
    return `namespace {\n${helper}\n}\n${entry}`;
  };
  expect(check(hidden)).toEqual([]);
});

it('lets files share what a header defines', () => {
  expect(check((file) => run(file, 'twice(x) + bytes_of<int>() + *keys()'))).toEqual([]);
});
