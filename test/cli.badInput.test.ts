import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, temporaryFolder, type Ended } from './support/cli.js';
import { preferenceRows, saveTinyModel, writeRows } from './support/tinyModel.js';

const { path: cwd, remove } = temporaryFolder();
const DATA = ['--dataset_name', 'pairs.jsonl', '--dataset_split', 'all'];
const LOOP = ['--dtype', 'float32', '--max_steps', '2', '--train_batch_size', '4', '--judge_batch_size', '2'];
const SFT = ['sft', ...LOOP.slice(0, -2)];
const JSFT = ['jsft', ...LOOP];

beforeAll(async () => {
  await saveTinyModel(join(cwd, 'model'));
  writeRows(cwd, 'pairs.jsonl', preferenceRows());
  writeRows(cwd, 'judge.jsonl', [{ prompt: 'Hi', completions: ['a', 'b'] }]);
  writeRows(
    cwd,
    'score.jsonl',
    Array.from({ length: 5 }, () => ({ prompt: 'Hi', completion: 'Some answer.' })),
  );
});
afterAll(remove);

const cli = (...args: string[]) => run(args, { cwd });

/** Ended with `code`, one message that matches, nothing on stdout and nothing left behind. */
function expectError({ code, stdout, stderr }: Ended, expected: number, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  for (const name of ['run', 'out.jsonl']) expect(existsSync(join(cwd, name)), name).toBe(false);
  expect(temporaryFiles()).toEqual([]);
}

const temporaryFiles = (folder = cwd) =>
  readdirSync(folder, { recursive: true }).filter((name) => /\.tmp$|run\.lock/.test(String(name)));

/** A copy of the model folder with something changed. */
function broken(name: string, change: (folder: string) => void): string {
  cpSync(join(cwd, 'model'), join(cwd, name), { recursive: true });
  change(join(cwd, name));
  return name;
}

function patch(path: string, offset: number, bytes: Uint8Array): void {
  const content = readFileSync(path);
  content.set(bytes, offset);
  writeFileSync(path, content);
}

const bigint64 = (value: bigint) => new Uint8Array(BigInt64Array.of(value).buffer);

describe('models', () => {
  const cases: [string, () => string, RegExp][] = [
    [
      'a path with nothing there',
      () => 'nosuch',
      /^error: nosuch: expected a model folder.*received nothing there/,
    ],
    [
      'a truncated safetensors file',
      () => broken('truncated', (dir) => truncateSync(join(dir, 'model.safetensors'), 9000)),
      /truncated\/model.safetensors at byte \d+: expected '.*' to end inside the file of 9000 bytes/,
    ],
    [
      'a safetensors header that lies about its length',
      () => broken('lying', (dir) => patch(join(dir, 'model.safetensors'), 0, bigint64(2n ** 62n))),
      /lying\/model.safetensors at byte 0: expected a header of at most \d+ bytes, received 4611686018427387904/,
    ],
    [
      'a GGUF file that ends in its header',
      () => (writeFileSync(join(cwd, 'short.gguf'), 'GGUF\x03\0\0\0'), 'short.gguf'),
      /short.gguf at byte 8: expected 8 more bytes, received 0/,
    ],
    [
      'a GGUF header that promises more than the file holds',
      () => {
        const counts = [bigint64(2n ** 60n), bigint64(1n)];
        writeFileSync(join(cwd, 'huge.gguf'), Buffer.concat([Buffer.from('GGUF\x03\0\0\0'), ...counts]));
        return 'huge.gguf';
      },
      /huge.gguf at byte \d+: expected .*, received/,
    ],
    [
      'a model without a tokenizer',
      () => {
        mkdirSync(join(cwd, 'mute'));
        for (const name of ['config.json', 'model.safetensors'])
          copyFileSync(join(cwd, 'model', name), join(cwd, 'mute', name));
        return 'mute';
      },
      /expected a model with a tokenizer \(tokenizer.json or tokenizer.model in its folder\), received .*mute/,
    ],
  ];

  it.each(cases)('%s', async (_, make, message) => {
    const model = make();
    const judged = cli('judge', 'judge.jsonl', '-m', model, '--out', 'out.jsonl');
    expectError(await judged, 1, message);
    expectError(await cli(...SFT, '-m', model, ...DATA, '--output_dir', 'run'), 1, message);
  });

  it('a tokenizer with more ids than the model has embeddings', async () => {
    await saveTinyModel(join(cwd, 'larger'), { words: [' A', ' B', ' and'] });
    const model = broken('mixed', (dir) =>
      copyFileSync(join(cwd, 'larger/tokenizer.json'), join(dir, 'tokenizer.json')),
    );
    const message =
      /tokenizer: expected at most 261 ids, .* received 264 ids: the tokenizer belongs to another model/;
    expectError(await cli('judge', 'judge.jsonl', '-m', model), 1, message);
  });

  it('verdicts that are not single tokens', async () => {
    await saveTinyModel(join(cwd, 'wordless'), { words: [] });
    const message = /verdict " A": expected one token after .*received 2 tokens: " " \(32\), "A" \(65\)/;
    expectError(await cli('judge', 'judge.jsonl', '-m', 'wordless', '--out', 'out.jsonl'), 1, message);
    expectError(await cli(...JSFT, '-m', 'wordless', ...DATA, '--output_dir', 'run'), 1, message);
  });

  it('a template that is none', async () => {
    writeFileSync(
      join(cwd, 'template.yaml'),
      'name: x\nuser: "{context} {respnse_a} {response_b}"\nassistant: It is',
    );
    const judge = (name: string) => cli('judge', 'judge.jsonl', '-m', 'model', '--judge_template', name);
    expectError(await judge('template.yaml'), 2, /judge_template.user: .*did you mean '{response_a}'/);
    expectError(await judge('plian'), 2, /judge_template: .*did you mean 'plain'/);
  });
});

describe('data', () => {
  const train = (name: string, rows: (object | string)[], ...flags: string[]) => {
    writeRows(cwd, name, rows);
    return cli(...JSFT, '-m', 'model', '--dataset_name', name, '--dataset_split', 'all', ...flags);
  };

  it('rows that cannot be used are counted, each with file, line and reason', async () => {
    const rows = [
      ...preferenceRows(),
      '{"prompt": "cut off',
      { prompt: 'q', chosen: 'same', rejected: 'same' },
      {
        chosen: [
          { role: 'user', content: 'one' },
          { role: 'assistant', content: 'a' },
        ],
        rejected: [
          { role: 'user', content: 'two' },
          { role: 'assistant', content: 'b' },
        ],
      },
      { prompt: 'x'.repeat(700), chosen: 'long', rejected: 'short' },
    ];
    const { code, stderr } = await train(
      'mixed.jsonl',
      rows,
      '--max_length',
      '600',
      '--output_dir',
      'mixed-run',
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/warning: 3 rows left out\n/);
    expect(stderr).toMatch(/^1 broken-line: mixed.jsonl:13 \(.*JSON/m);
    expect(stderr).toMatch(/^1 equal-answers: mixed.jsonl:14 \(chosen and rejected are equal\)/m);
    expect(stderr).toMatch(/^1 differing-prompts: mixed.jsonl:15 /m);
    expect(stderr).toMatch(
      /warning: 1 of 13 SFT examples left out\n1 prompt-too-long: mixed.jsonl:16 \(the prompt has 7\d\d tokens/,
    );
    expect(stderr).toMatch(/warning: 1 of 13 judge examples left out\n/);
  });

  it('nothing usable is an error', async () => {
    const out = ['--output_dir', 'run'];
    expectError(await train('empty.jsonl', [], ...out), 1, /empty.jsonl:\d+: no usable row/);
    expectError(
      await train('bad.jsonl', [{ question: 'q' }], ...out),
      1,
      /bad.jsonl:1: [^]*bad.jsonl:1 \(expected columns chosen/,
    );
    const tooLong = await train('long.jsonl', preferenceRows(), '--max_length', '5', ...out);
    expectError(
      tooLong,
      1,
      /dataset_name: expected at least one row .*\(SFT examples\), received none of 12/,
    );
    expectError(
      await cli(...SFT, '-m', 'model', '--dataset_name', 'no.jsonl', ...out),
      1,
      /no.jsonl: .*ENOENT/,
    );
  });

  it('rows without any use, for the verbs over rows', async () => {
    writeRows(cwd, 'none.jsonl', [{ a: 1 }, '{']);
    writeRows(cwd, 'nothing.jsonl', []);
    for (const verb of ['judge', 'score', 'generate']) {
      const message = /none.jsonl:1: expected .* received a \(none of the 2 rows can be used\)/;
      expectError(await cli(verb, 'none.jsonl', '-m', 'model', '--out', 'out.jsonl'), 1, message);
      expectError(
        await cli(verb, 'nothing.jsonl', '-m', 'model'),
        1,
        /nothing.jsonl:1: .*received an empty file/,
      );
    }
  });

  it('prompts over the limit', async () => {
    writeRows(cwd, 'long.jsonl', [{ prompt: 'x'.repeat(2100) }, { prompt: 'short' }]);
    const some = await cli('generate', 'long.jsonl', '-m', 'model', '--max_new_tokens', '3');
    expect(some.code).toBe(0);
    expect(some.stdout).toMatch(/^\{"prompt":null,"completion":null,"error":"the prompt has 21\d\d tokens; /);
    expect(some.stderr).toMatch(/warning: 1 row could not be used\n1 prompt-too-long: long.jsonl:1 /);
    const self = ['self-train', '-m', 'model', ...LOOP.slice(0, -2), ...DATA, '--output_dir', 'run'];
    expectError(await cli(...self, '--max_prompt_length', '3'), 1, /none of 12 in pairs.jsonl/);
    expectError(
      await cli(...self, '--max_new_tokens', '2048'),
      2,
      /max_new_tokens: expected less than .* 2048/,
    );
    expectError(await cli(...self, '--eval_steps', '1'), 2, /eval_steps: expected 0, as dataset_split 'all'/);
  });
});

describe('calls', () => {
  const sft = (...flags: string[]) => cli(...SFT, '-m', 'model', ...DATA, '--output_dir', 'run', ...flags);

  it('name what was wrong before anything is written', async () => {
    expectError(await sft('--lerning_rate', '1'), 2, /unknown option '--lerning_rate'[^]*--learning_rate/);
    writeFileSync(join(cwd, 'config.yaml'), 'lora_rr: 4');
    expectError(
      await sft('--config', 'config.yaml'),
      2,
      /lora_rr: expected a key of this verb.*did you mean 'lora_r'/,
    );
    expectError(
      await sft('--dtype', 'float16'),
      2,
      /dtype: expected bf16, which takes as much memory as float16.*received float16/,
    );
    expectError(await sft('--fp16', 'true'), 2, /fp16: .*use dtype: bf16/);
    expectError(
      await cli('judge', 'judge.jsonl', '-m', 'model', '--dtype', 'int4'),
      2,
      /dtype: expected one of float32, bf16/,
    );
    expectError(await cli('generate', '-m', 'model'), 2, /give either a file of rows .* or --prompt/);
    expectError(await cli('frobnicate'), 2, /unknown command 'frobnicate'/);
    expectError(await cli('sft', ...DATA), 2, /model_name_or_path: expected .*received nothing/);
  });

  it('refuse what is out of range before anything is opened', async () => {
    const nothing = ['-m', 'nosuch', '--dataset_name', 'nosuch.jsonl'];
    const calls: [string[], RegExp][] = [
      [['evaluate', ...nothing, '--beta', '0'], /^error: beta: expected above 0 \(.*\), received 0\n$/],
      [['evaluate', ...nothing, '--top_p', '0'], /^error: top_p: expected above 0/],
      [['evaluate', ...nothing, '--judge_template', 'plian'], /judge_template: .*did you mean 'plain'/],
      [['generate', 'nosuch.jsonl', '-m', 'nosuch', '--top_p=0'], /^error: top_p: expected above 0/],
      [
        ['generate', 'nosuch.jsonl', '-m', 'nosuch', '--temperature', '-1'],
        /temperature: expected at least 0/,
      ],
      [
        ['judge', 'nosuch.jsonl', '-m', 'nosuch', '--judge_template', 'plian'],
        /judge_template: expected one of/,
      ],
      [
        ['jsft', ...nothing, '--output_dir', 'run', '--judge_template', 'x'],
        /judge_template: expected one of/,
      ],
      [['quickstart', '--steps', '0', '--output_dir', 'run'], /steps: expected at least 1/],
    ];
    const ended = await Promise.all(calls.map(([args]) => cli(...args)));
    for (const [i, [, message]] of calls.entries()) expectError(ended[i], 2, message);
  });

  it('under earlier words mean the same, with a note that help does not speak of', async () => {
    const file = writeRows(cwd, 'one.jsonl', [{ prompt: 'Hi', completions: ['a', 'b'] }]);
    const M = ['--dtype', 'float32'];
    const now = await cli('judge', file, '--model_name_or_path', 'model', '--judge_template', 'plain', ...M);
    const before = await cli('judge', file, '--model', 'model', '--template=plain', ...M);
    expect(now.stderr).not.toContain('is called');
    expect(before.stderr).toMatch(
      /^note: model is called model_name_or_path now; .*\nnote: template is called judge_template now; /,
    );
    expect(before.stdout).toBe(now.stdout);
    const help = await cli('judge', '--help');
    expect(help.stdout).toMatch(/-m, --model_name_or_path <value>[^]*--judge_template <value>/);
    expect(help.stdout).not.toMatch(/--model |--template/);
    const both = await cli('judge', file, '-m', 'a', '--model', 'b');
    expectError(both, 2, /^error: model: expected one of model and model_name_or_path, .*received both/);
  });

  it('--out in a missing folder is refused before the work', async () => {
    const missing = ['-m', 'nosuch', '--out', 'missing/out.jsonl'];
    for (const work of [
      ['judge', 'judge.jsonl'],
      ['generate', '--prompt', 'x'],
      ['evaluate', ...DATA],
    ])
      expectError(await cli(...work, ...missing), 2, /--out: .*received missing\/out.jsonl/);
  });
});

describe('the file system', () => {
  const sft = [...SFT, '-m', 'model', ...DATA];

  it('a place that cannot be written to', async () => {
    // Even root may not make files there.
    const message = /\/sys\/selfjudge.*: expected a .*can be written.*, received E[A-Z]+: /;
    expectError(await cli(...sft, '--output_dir', '/sys/selfjudge-run'), 1, message);
    expectError(
      await cli('score', 'score.jsonl', '-m', 'model', '--out', '/sys/selfjudge.jsonl'),
      1,
      message,
    );
    writeFileSync(join(cwd, 'file'), '');
    expectError(await cli(...sft, '--output_dir', 'file/run'), 1, /file\/run: expected .* received E/);
  });

  it('a file that may not grow: nothing half-written stays, and the run goes on later', async () => {
    // 512-byte blocks: configuration fits, a checkpoint does not.
    const limited = await run([...sft, '--output_dir', 'full'], { cwd, shell: 'ulimit -f 8' });
    expectError(limited, 1, /full\/.*: expected a .* that can be written, received EFBIG: file too large/);
    expect(existsSync(join(cwd, 'full/final'))).toBe(false);
    const again = await cli(...sft, '--output_dir', 'full');
    expect(again.code).toBe(0);
    expect(readdirSync(join(cwd, 'full/final'))).toContain('adapter_model.safetensors');
    const score = ['score', 'score.jsonl', '-m', 'model', '--out', 'out.jsonl'];
    const scored = await run(score, { cwd, shell: 'ulimit -f 1' });
    expectError(scored, 1, /out.jsonl: expected a file that can be written, received EFBIG/);
  });

  it('a full disk', async ({ skip }) => {
    const disk = join(cwd, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', disk]).status === 0;
    if (!mounted) skip('no right to mount a small file system');
    try {
      const message =
        /disk\/run\/.*: expected a .* that can be written, received ENOSPC: no space left on device/;
      expectError(await cli(...sft, '--output_dir', 'disk/run'), 1, message);
      expect(temporaryFiles(disk)).toEqual([]);
      expect(readdirSync(join(disk, 'run'))).not.toContain('final');
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

describe('GPUs', () => {
  // The addon itself is a library, and no CUDA module.
  const addon = fileURLToPath(new URL('../native/build/Release/selfjudge_native.node', import.meta.url));
  /** A module with nothing but its entry. */
  const built = (name: string, body: string) => {
    const source = join(cwd, `${name}.c`);
    writeFileSync(
      source,
      `#include <string.h>\nconst void* sj_cuda_backend(int device, char* error) { ${body} }\n`,
    );
    const { status, stderr } = spawnSync('g++', [
      '-x',
      'c',
      '-shared',
      '-fPIC',
      source,
      '-o',
      join(cwd, name),
    ]);
    if (status !== 0) throw new Error(String(stderr));
  };
  beforeAll(() => {
    built('old.so', 'static int table[64]; return table;');
    // An error is two numbers, then the message.
    built('none.so', 'strcpy(error + 8, "no CUDA device can be used: the driver lists none"); return 0;');
  });
  const modules: [string, string, RegExp][] = [
    ['a CUDA module of another ABI', './old.so', /ABI 0/],
    ['a module that finds no device', './none.so', /no CUDA device can be used: the driver lists none/],
    ['a library that is no CUDA module', addon, /is no CUDA module: it lacks sj_cuda_backend/],
    [
      'a file that is no library',
      'model/config.json',
      /the CUDA module cannot be loaded: .*model\/config.json/,
    ],
  ];
  const score = ['score', 'score.jsonl', '-m', 'model', '--dtype', 'float32'];

  it.each(modules)('%s: auto says so in one line and computes on the CPU', async (_, module, why) => {
    const shell = `export SELFJUDGE_CUDA_MODULE=${module}`;
    const { code, stderr } = await run([...score, '--out', 'auto.jsonl'], { cwd, shell });
    const told = stderr.split('\n').filter((line) => line.startsWith('computing on the CPU: '));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(why);
    expect(code).toBe(0);
  });

  it.each(modules)('%s: cuda is refused', async (_, module, why) => {
    const shell = `export SELFJUDGE_CUDA_MODULE=${module}`;
    const refused = await run([...score, '--device', 'cuda', '--out', 'out.jsonl'], { cwd, shell });
    expectError(refused, 1, why);
  });

  it('a build without a CUDA module loses no word on it, and says what to do when one is asked for', async () => {
    const shell = 'export SELFJUDGE_CUDA_MODULE=nowhere.so';
    const quiet = await run([...score, '--out', 'quiet.jsonl'], { cwd, shell });
    expect(quiet.code).toBe(0);
    expect(quiet.stderr).not.toMatch(/CPU|CUDA/);
    const asked = await run([...score, '--device', 'cuda', '--out', 'out.jsonl'], { cwd, shell });
    expectError(asked, 1, /no CUDA module \(nowhere.so\); run: pnpm setup:cuda && pnpm build --cuda/);
  });
});
