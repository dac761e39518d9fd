// The command line of pnpm bench.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { besideOf } from './beside.mjs';
import { readResults } from './check.mjs';
import { UsageError, assertKnown, count } from './usage.mjs';

export const BENCHES = {
  'self-judge-step': './self-judge-step/bench.mjs',
  ops: './ops/bench.mjs',
  gemm: './kernels/gemm.mjs',
  head: './kernels/head.mjs',
  attention: './kernels/attention.mjs',
  generate: './generate/bench.mjs',
  judge: './judge/bench.mjs',
  decode: './decode/bench.mjs',
  scaling: './scaling/bench.mjs',
  'large-model': './large-model/bench.mjs',
  large: './large/bench.mjs',
  data: './data/bench.mjs',
  ranks: './ranks/bench.mjs',
};

export const USAGE = `usage: pnpm bench [NAME] [--json FILE] [--check | --against FILE | --beside DIR]
  NAME       ${Object.keys(BENCHES).join(', ')} (default: all)
  --json     write machine, versions and results
  --check    compare with benchmarks/results of the same CPU model, number of cores, kernel path and peer versions
  --against  compare so with what --json wrote
  --beside   another checkout of this project, built, in turns with this one instead of the peers
  --rounds   measured rounds, 3 by default, 6 beside another checkout
  --op       one op of the bench ops, by the name of its wrapper
  --prompts  JSONL file of {prompt} rows for self-judge-step and generate (default: eight of our own)
  --tokens   tokens of each answer for generate and judge, 128 by default
  --pairs    pairs for judge, 64 by default and at most
  --rows     rows for data, a million by default
  --from     JSONL file of {chosen, rejected} transcripts that the rows for data are made of (default: drawn words)
  --part     one part of scaling: prefill, decode, judge or forward
  --device   cpu (default), cuda or cuda:N, for both sides
  --model    model folder or GGUF for self-judge-step, generate, judge and decode (default: the real weights of pnpm test:real),
             folder for large-model and large (default: random weights of Llama 3.2 1B's shape)
  --python   interpreter with benchmarks/peers/requirements.txt installed; ours is measured without
exit code: 0; 1 when a ratio fell by more than its spread, or is slower beside; 2 for a wrong command line; 3 when nothing of
that but something was skipped or not measured, or nothing was there to compare with
`;

function parsed(argv) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        check: { type: 'boolean' },
        against: { type: 'string' },
        beside: { type: 'string' },
        rounds: { type: 'string' },
        op: { type: 'string' },
        prompts: { type: 'string' },
        tokens: { type: 'string', default: '128' },
        pairs: { type: 'string', default: '64' },
        rows: { type: 'string', default: '1000000' },
        from: { type: 'string' },
        part: { type: 'string' },
        device: { type: 'string', default: 'cpu' },
        model: { type: 'string' },
        python: { type: 'string', default: 'python3' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

/** `{ help }`, or `{ benches, check, json, options }`: `check` says what ratios are compared with, `options` go to each bench. */
export async function readOptions(argv) {
  const { values, positionals } = parsed(argv);
  const { help, json, check, against, beside, rounds, tokens, pairs, rows, ...rest } = values;
  if (help) return { help };
  for (const name of positionals) await assertKnown(name, Object.keys(BENCHES), 'there is no bench');
  if (rest.op !== undefined && !positionals.includes('ops')) throw new UsageError('--op is of the bench ops');
  if (json !== undefined && !existsSync(dirname(json)))
    throw new UsageError(`--json: expected a file in a folder that there is, received ${json}`);
  if ([check, against, beside].filter(Boolean).length > 1)
    throw new UsageError('--check, --against and --beside: expected one of them');
  return {
    benches: positionals.length ? positionals : Object.keys(BENCHES),
    json,
    check: check ? 'committed' : against && readResults(against),
    options: {
      ...rest,
      rounds: count('rounds', rounds ?? (beside ? '6' : '3')),
      tokens: count('tokens', tokens),
      pairs: count('pairs', pairs),
      rows: count('rows', rows),
      beside: beside && besideOf(beside),
    },
  };
}
