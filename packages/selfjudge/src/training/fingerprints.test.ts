import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byteTokenizer } from '@selfjudge/text';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../config/index.js';
import { runTraining, type TrainHooks, type TrainInputs } from './train.js';

const dir = mkdtempSync(join(tmpdir(), 'selfjudge-fingerprints-'));
const at = (name: string) => join(dir, name);
afterAll(() => rmSync(dir, { recursive: true }));

const rowsOf = (word: string, count = 6) =>
  Array.from({ length: count }, (_, i) => ({
    prompt: `Name ${i}?`,
    chosen: `${word} ${i}.`,
    rejected: 'No.',
  }));
const write = (name: string, rows: object[]) =>
  writeFileSync(at(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
async function saveModel(name: string, options: Parameters<typeof byteModel>[0] = {}) {
  const model = byteModel(options);
  await model.save(at(name));
  model.dispose();
}

let runs = 0;
let run: string;
/** Trains in the folder of the test; notes and warnings as they come. */
async function train(flags: Record<string, string> = {}, inputs: TrainInputs = {}, hooks: TrainHooks = {}) {
  const config = resolveConfig('dpo', {
    flags: {
      model_name_or_path: at('model'),
      dataset_name: at('pairs.jsonl'),
      dataset_split: 'all',
      prompt_format: 'chat',
      dtype: 'float32',
      output_dir: run,
      max_steps: '4',
      train_batch_size: '2',
      lora_r: '2',
      learning_rate: '1e-2',
      ...flags,
    },
  });
  const said: string[] = [];
  const say = (message: string) => void said.push(message);
  const outcome = await runTraining('dpo', config, { onWarning: say, onNote: say, ...hooks }, inputs);
  return { outcome, said: said.join('\n') };
}
/** The first two steps. */
async function begin(flags: Record<string, string> = {}) {
  const stop = new AbortController();
  const onLog = ({ step }: { step: number }) => void (step === 2 && stop.abort());
  await train(flags, {}, { signal: stop.signal, onLog });
}
const weights = (folder = run) => readFileSync(join(folder, 'final/adapter_model.safetensors'), 'hex');

beforeAll(async () => {
  await saveModel('model');
  write('pairs.jsonl', rowsOf('Yes'));
});
beforeEach(async () => {
  run = at(`run-${runs++}`);
  write('pairs.jsonl', rowsOf('Yes'));
});

describe('a run goes on', () => {
  it('with the same contents wherever they lie, to the same bits', async () => {
    await train();
    const whole = weights();
    run = at('elsewhere');
    await begin();
    cpSync(at('model'), at('moved'), { recursive: true });
    write('moved.jsonl', rowsOf('Yes'));
    const { said } = await train({ model_name_or_path: at('moved'), dataset_name: at('moved.jsonl') });
    expect(said).toBe('');
    expect(weights()).toBe(whole);
  });

  it('not with other rows, unless that is allowed', async () => {
    await begin();
    write('pairs.jsonl', rowsOf('Surely'));
    await expect(train()).rejects.toThrow(
      /^dataset_name: expected the rows that the run in .* began with, fingerprint \w{32}, received others, \w{32}\nallow_changed/,
    );
    const { outcome, said } = await train({}, { allowChanged: true });
    expect(outcome).toMatchObject({ status: 'completed', step: 4 });
    expect(said).toMatch(/^the rows changed since the run in .* began$/);
    // From here on they are the run's.
    expect((await train()).said).toBe('');
  });

  it('not with a row appended, one less, or others of the same order', async () => {
    await begin();
    const rows = rowsOf('Yes');
    for (const other of [[...rows, rowsOf('No')[0]], rows.slice(1), rows.toReversed()]) {
      write('pairs.jsonl', other);
      await expect(train()).rejects.toThrow(/^dataset_name: /);
    }
    write('pairs.jsonl', rows);
    expect((await train()).outcome.status).toBe('completed');
  });

  it('not with other weights, another tokenizer or another chat template under the same name', async () => {
    await saveModel('changing');
    const flags = { model_name_or_path: at('changing') };
    await begin(flags);
    await saveModel('changing', { seed: 2 });
    await expect(train(flags)).rejects.toThrow(/model_name_or_path: expected the weights that the run/);
    await saveModel('changing');
    writeFileSync(at('changing/chat_template.jinja'), '{{ messages[0].content }}');
    await expect(train(flags)).rejects.toThrow(/expected the chat template that the run/);
    await saveModel('changing', { tokenizer: byteTokenizer({ words: [' A', ' C'] }) });
    await expect(train(flags)).rejects.toThrow(/expected the tokenizer that the run/);
  });

  it('not with code that computes other numbers', async () => {
    await begin();
    const file = join(run, 'fingerprints.json');
    const contents = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    writeFileSync(file, JSON.stringify({ ...contents, numerics: '0' }));
    await expect(train()).rejects.toThrow(/selfjudge: expected the code \(its numeric version\)/);
    writeFileSync(file, '{"data": 1}');
    await expect(train()).rejects.toThrow(/fingerprints.json: expected a fingerprint of data, received 1/);
  });

  it('with a word where the run is older than fingerprints, which it has from there on', async () => {
    await begin();
    rmSync(join(run, 'fingerprints.json'));
    // Nothing but names is known of it.
    await expect(train({ dataset_name: at('other.jsonl') })).rejects.toThrow(/dataset_name: expected \[/);
    const { said } = await train();
    expect(said).toMatch(/has no fingerprints.json, .*nobody can tell whether its rows, weights/);
    expect(existsSync(join(run, 'fingerprints.json'))).toBe(true);
  });
});

describe('a complete run', () => {
  it('is not said to be one of other rows', async () => {
    await train();
    expect((await train()).outcome.alreadyDone).toBe(true);
    write('pairs.jsonl', rowsOf('Surely'));
    await expect(train()).rejects.toThrow(/^dataset_name: expected the rows/);
    rmSync(at('pairs.jsonl'));
    const { outcome, said } = await train();
    expect(outcome.alreadyDone).toBe(true);
    expect(said).toMatch(/the rows cannot be compared with those of the run: .*pairs.jsonl/);
  });

  it('can be made longer, which is said; not shorter', async () => {
    const constant = { lr_scheduler_type: 'constant' };
    await train({ ...constant, max_steps: '7' });
    const whole = weights();
    run = at('longer');
    await train({ ...constant, max_steps: '4' });
    const { outcome, said } = await train({ ...constant, max_steps: '7' });
    expect(outcome).toMatchObject({ status: 'completed', step: 7 });
    expect(said).toMatch(
      /^max_steps was 4, is 7: the run goes on after step 4 to 7, with the learning rates of 7 steps/,
    );
    // At a constant rate nothing tells it from a run of that length.
    expect(weights()).toBe(whole);
    await expect(train({ ...constant, max_steps: '5' })).rejects.toThrow(
      /max_steps: expected as many steps as are done, 7 .*received 5, which is 5 steps/,
    );
    expect((await train({ ...constant, max_steps: '7' })).outcome.alreadyDone).toBe(true);
  });
});
