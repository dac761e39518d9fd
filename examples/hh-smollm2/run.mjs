// SELF-JUDGE on SmolLM2-135M-Instruct with human preferences (HH-helpful), on a CPU:
//   node examples/hh-smollm2/run.mjs --data helpful.train.jsonl.gz [--output runs/hh-smollm2] [--model MODEL]
// Five commands of the command line, in order; stop and start again at will.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { realModel } from '../../scripts/realModel.mjs';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    model: { type: 'string' },
    output: { type: 'string', default: 'runs/hh-smollm2' },
  },
});
if (!values.data) {
  process.stderr.write(
    'usage: node examples/hh-smollm2/run.mjs --data HH.jsonl.gz [--output FOLDER] [--model MODEL]\n',
  );
  process.exit(2);
}
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const weights = values.model ? { path: values.model } : realModel();
if (weights.missing) {
  process.stderr.write(`${weights.missing}\n`);
  process.exit(1);
}
const out = (name) => join(values.output, name);
mkdirSync(values.output, { recursive: true });

function selfjudge(...args) {
  process.stderr.write(`\n$ selfjudge ${args.join(' ')}\n`);
  const start = Date.now();
  const { status } = spawnSync(
    process.execPath,
    [here('../../packages/selfjudge/dist/cli/main.js'), ...args],
    {
      stdio: 'inherit',
    },
  );
  process.stderr.write(`${((Date.now() - start) / 1000).toFixed(0)} s\n`);
  if (status !== 0) process.exit(status ?? 1);
}

const data = ['--dataset_name', values.data];
selfjudge('jsft', '-m', weights.path, '--config', here('jsft.yaml'), ...data, '--output_dir', out('jsft'));
selfjudge(
  'self-train',
  '-m',
  out('jsft'),
  '--config',
  here('self-train.yaml'),
  ...data,
  '--output_dir',
  out('self-train'),
);
selfjudge(
  'jsft',
  '-m',
  weights.path,
  '--config',
  here('outside-judge.yaml'),
  ...data,
  '--output_dir',
  out('outside-judge'),
);
const compared = [
  '-m',
  out('self-train'),
  '--baseline',
  out('jsft'),
  '--outside_judge',
  out('outside-judge'),
];
const limits = ['--prompt_format', 'chat', '--max_new_tokens', '64', '--max_length', '256'];
selfjudge('evaluate', ...compared, ...data, ...limits, '--out', out('evaluation.json'));
