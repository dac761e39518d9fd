import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  FuzzFolder,
  mutateJson,
  mutateText,
  mutateValue,
  type FuzzCase,
  type FuzzTarget,
} from '@selfjudge/testing/fuzz/index';
import { stringify } from 'yaml';
import { resolveConfig, toOptions, type ConfigSources } from '../config/index.js';
import { TRAINING_VERBS, type TrainingVerb } from '../config/verbs.js';
import { findRuns } from '@selfjudge/training/runs/internal';
import { refuseOtherConfig } from '../training/sameRun.js';

interface Input {
  verb: TrainingVerb;
  sources: ConfigSources;
}

const WORDS = [
  ...': | > [ ] { } , # &a *a !! ~ null true no .inf .nan 0x1f 1e999 -1 0 0.5 1e-400'.split(' '),
  ...'99999999999999999999 beta learning-rate lr bf16 judge preset paper verb all-linear'.split(' '),
  ...'__proto__ constructor per_device_train_batch_size gradient_accumulation_steps'.split(' '),
  ...'dataset_name toString adamBeta1'.split(' '),
  '- ',
  ': ',
  '"',
  "'",
  '<<: *a',
  '---\n',
  '\n',
  '\t',
  '&b [*b]',
];

/** A verb's configuration: in a file, as values of the API (which takes less time), and in flags. */
export function configurationTarget(folder: string): FuzzTarget<Input> {
  const path = join(folder, 'config.yaml');
  const verbs = Object.keys(TRAINING_VERBS) as TrainingVerb[];
  const given = { model_name_or_path: 'm', dataset_name: ['a.jsonl', 'b.jsonl'], output_dir: 'out' };
  const documents = new Map(
    verbs.map((verb) => {
      const { presets } = TRAINING_VERBS[verb];
      const whole = { verb, ...given, per_device_train_batch_size: 2, ...presets.default };
      const { train_batch_size: _, ...document } = whole as Record<string, unknown>;
      // A few keys of each kind stand for all.
      return [verb, Object.fromEntries(Object.entries(document).filter((_, i) => i < 5 || i % 9 === 0))];
    }),
  );
  return {
    name: 'configuration',
    // The parser of YAML keeps a node, a range and the source of every word.
    heapPerByte: 3000,
    make(random): FuzzCase<Input> {
      const how: string[] = [];
      const verb = random.choice(verbs);
      const document =
        random.below(3) === 0 ? { ...given, preset: 'default', beta: 0.1 } : documents.get(verb);
      if (random.below(4) > 0) {
        const { preset: _, verb: __, ...values } = document as Record<string, unknown>;
        const { value, size } = mutateValue(values, random, how);
        return { input: { verb, sources: { values: Object(value) as object } }, size, how };
      }
      const text = random.below(2) === 0;
      const bytes = text
        ? mutateText(stringify(document), random, how, WORDS)
        : mutateJson(document, random, how);
      writeFileSync(path, bytes);
      const { value } = mutateValue({ max_steps: '3', beta: '0.1', lora_r: '8' }, random, how);
      const flags = Object.fromEntries(
        Object.entries(value ?? {}).filter(([, flag]) => typeof flag === 'string'),
      ) as Record<string, string>;
      const size = bytes.length + JSON.stringify(flags).length;
      return { input: { verb, sources: { file: path, flags } }, size, how };
    },
    parse({ verb, sources }) {
      const config = resolveConfig(verb, sources);
      const fields: string[] = Object.keys(TRAINING_VERBS[verb].fields);
      if (Object.keys(config).join() !== fields.join()) throw new Error('a field that is missing');
      toOptions(config);
    },
  };
}

interface RunInput {
  path: string;
  /** Whether a run of this folder is asked to go on. */
  checks: boolean;
}

/** What the command tells of a run folder, and whether a run of the same folder may go on. */
export function runFactsTarget(folder: string): FuzzTarget<RunInput> {
  const held = new FuzzFolder(folder, 'run');
  const config = {
    verb: 'jsft',
    model_name_or_path: 'm',
    dataset_name: ['a.jsonl'],
    beta: 0.1,
    output_dir: 'run',
  };
  const metrics = ['{"step":1,"loss":0.5}', '{"step":2,"loss":0.4,"kl":null}', ''].join('\n');
  const good = { 'config.yaml': Buffer.from(stringify(config)), 'metrics.jsonl': Buffer.from(metrics) };
  return {
    name: 'run facts',
    heapPerByte: 3000,
    make(random): FuzzCase<RunInput> {
      const how: string[] = [];
      const changed =
        random.below(4) === 0
          ? { 'config.yaml': mutateText(stringify(config), random, how, WORDS) }
          : { 'metrics.jsonl': mutateText(metrics, random, how, WORDS) };
      const size = held.hold({ ...good, ...changed });
      return { input: { path: held.path, checks: random.below(4) === 0 }, size, how };
    },
    parse({ path, checks }) {
      for (const { step, metrics: last } of findRuns(path)) {
        if (typeof step !== 'number') throw new Error('a step that is no number');
        for (const value of Object.values(last)) value.toPrecision(4);
      }
      if (checks) refuseOtherConfig(path, config, new Set(['output_dir']));
    },
  };
}
