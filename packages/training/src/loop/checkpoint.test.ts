import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@selfjudge/base';
import { Safetensors, ScoreHead } from '@selfjudge/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Checkpoints } from './checkpoint.js';
import { loadCheckpoint } from './loadCheckpoint.js';
import type { Json } from '../runs/jsonFields.js';
import type { TaskState } from './taskState.js';
import { AdamW } from '../optimizer/adamw.js';
import { selfTrainingDefaults } from '../methods/defaults.js';
import { tinyLora, tinyModel } from '../testing/tiny.js';
import { loraTrainable } from '../optimizer/trainable.js';

const root = mkdtempSync(join(tmpdir(), 'selfjudge-checkpoint-'));
const written = join(root, 'written');
const model = tinyModel();
beforeAll(async () => {
  const trainable = loraTrainable(model, tinyLora, { seed: 5 });
  const optimizer = new AdamW(trainable.parameters, selfTrainingDefaults);
  const state = { numTokens: 1, path: 'any' };
  for (const step of [2, 4, 6])
    await new Checkpoints(written).write(trainable, optimizer, { state: { ...state, step } });
});
afterAll(() => {
  model.dispose();
  rmSync(root, { recursive: true });
});

let path: string;
let checkpoints: Checkpoints;
beforeEach(() => {
  path = mkdtempSync(join(root, 'run-'));
  cpSync(written, path, { recursive: true });
  checkpoints = new Checkpoints(path);
});

const FILES = [
  'adapter_config.json',
  'adapter_model.safetensors',
  'chat_template.jinja',
  'manifest.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'trainer_state.json',
  'training_state.safetensors',
];

const random = new Random(3);
function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[random.below(bytes.length)] ^= 1 << random.below(7);
  writeFileSync(file, bytes);
}
const cut = (file: string) => truncateSync(file, readFileSync(file).length - 2);
const empty = (file: string) => truncateSync(file, 0);
const remove = (file: string) => rmSync(file);
const replace = (file: string) => (rmSync(file), mkdirSync(file));

describe('Checkpoints', () => {
  it('has a manifest of every file, and finds the newest', () => {
    expect(readdirSync(checkpoints.at(6)).sort()).toEqual(FILES);
    expect(checkpoints.newest()).toBe(checkpoints.at(6));
    const { files } = JSON.parse(readFileSync(join(checkpoints.at(6), 'manifest.json'), 'utf8')) as {
      files: Record<string, { bytes: number }>;
    };
    expect(Object.keys(files).sort()).toEqual(FILES.filter((name) => name !== 'manifest.json'));
    expect(files['training_state.safetensors'].bytes).toBe(
      readFileSync(join(checkpoints.at(6), 'training_state.safetensors')).length,
    );
  });

  it.each(FILES)('%s damaged in any way: an error that names it and offers the one before', (name) => {
    const [newest, before] = [checkpoints.at(6), checkpoints.at(4)];
    const file = join(newest, name);
    const original = readFileSync(file);
    // A bit of the manifest may hit what it says of any file.
    const named = name === 'manifest.json' ? '.*' : name.replaceAll('.', '\\.');
    const message = new RegExp(
      `^${newest}/${named}: expected .*, received .*\\n` +
        `the checkpoint is damaged; after rm -r ${newest} the same command goes on from ${before}$`,
      's',
    );
    for (const damage of [flip, flip, flip, cut, empty, remove, replace]) {
      damage(file);
      expect(() => checkpoints.newest(), damage.name).toThrow(message);
      rmSync(file, { recursive: true, force: true });
      writeFileSync(file, original);
      expect(checkpoints.newest()).toBe(newest);
    }
  });

  describe('format', () => {
    const trainable = loraTrainable(model, tinyLora, { seed: 6 });
    const optimizer = new AdamW(trainable.parameters, selfTrainingDefaults);
    const load = (change: object) => {
      const file = join(checkpoints.at(6), 'trainer_state.json');
      const { format, ...state } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      expect(format).toBe(1);
      writeFileSync(file, JSON.stringify({ ...state, ...change }));
      return loadCheckpoint(checkpoints.at(6), trainable.parameters, optimizer).state;
    };
    afterAll(() => {
      optimizer.dispose();
      trainable.dispose();
    });

    it('is written down; none is the first, as of checkpoints from before it was', () => {
      const state = load({ format: 1 });
      expect(state).toEqual({ step: 6, numTokens: 1, path: 'any' });
      cpSync(join(written, 'step-6'), checkpoints.at(6), { recursive: true });
      expect(load({})).toEqual(state);
    });

    it('of another version: what was found, what is supported, what to do, and nothing is loaded', async () => {
      const before = await trainable.parameters.policy.read();
      // What else such a file holds is not looked at: it may mean anything.
      expect(() => load({ format: 2, step: undefined })).toThrow(
        `${checkpoints.at(6)}/trainer_state.json: expected a checkpoint of format 1, received format 2\n` +
          'another version of selfjudge wrote it: go on with that version, or begin anew in another output_dir',
      );
      expect(await trainable.parameters.policy.read()).toEqual(before);
    });

    it.each(['1', 1.5, null, -1])('%j is none', (format) => {
      expect(() => load({ format })).toThrow(/trainer_state.json: expected format a whole number, received/);
    });

    const now = { format: 1, step: 6, numTokens: 1, path: 'any', updates: 6 };
    const selection = { bestStep: 4, bestSignal: 0.5, stopped: false };
    it.each([
      [{ step: '6' }, 'step a whole number'],
      [{ numTokens: -1 }, 'numTokens a whole number'],
      [{ updates: undefined }, 'updates a whole number'],
      [{ path: 1 }, 'path the name of a kernel path'],
      [{ selection: [selection] }, 'selection an object'],
      [{ selection: { ...selection, bestStep: 1.5 } }, 'bestStep a whole number'],
      [{ selection: { ...selection, bestSignal: null } }, 'bestSignal a number'],
      [{ selection: { ...selection, stopped: 0 } }, 'stopped true or false'],
      [{ seed: 3 }, "no 'seed', received 3"],
    ])('has every field of its state and no other: %j', (change, fault) => {
      expect(load({ ...now, selection }).selection).toEqual(selection);
      cpSync(join(written, 'step-6'), checkpoints.at(6), { recursive: true });
      expect(() => load({ ...now, ...change })).toThrow(`/trainer_state.json: expected ${fault}`);
    });

    it('of the manifest, of the newest or of the one before a damaged one: nobody is told to remove it', () => {
      const later = (step: number) =>
        writeFileSync(join(checkpoints.at(step), 'manifest.json'), '{"format": 2, "entries": []}');
      later(4);
      expect(checkpoints.newest()).toBe(checkpoints.at(6));
      rmSync(join(checkpoints.at(6), 'tokenizer.json'));
      const message = (step: number) =>
        `${checkpoints.at(step)}/manifest.json: expected format 1 with a list of files, received format 2\n` +
        'another version of selfjudge wrote it: go on with that version, or begin anew in another output_dir';
      expect(() => checkpoints.newest()).toThrow(message(4));
      later(6);
      expect(() => checkpoints.newest()).toThrow(message(6));
    });
  });

  describe('what is trained', () => {
    const trainable = loraTrainable(model, tinyLora, { seed: 6 });
    const head = ScoreHead.init(model, 7);
    const both = {
      ...trainable,
      parameters: { policy: trainable.parameters.policy, head: head.makeTrainable() },
    };
    const [one, two] = [trainable, both].map(({ parameters }) => new AdamW(parameters, selfTrainingDefaults));
    const state = { step: 8, numTokens: 1, path: 'any' };
    const namesAt = (dir: string) =>
      [...Safetensors.open(join(dir, 'training_state.safetensors')).tensors.keys()].sort();
    afterAll(() => {
      for (const part of [one, two, trainable, head]) part.dispose();
    });

    it('is called as ever where the policy is all of it', async () => {
      expect(namesAt(checkpoints.at(6))).toEqual(['m', 'v', 'value']);
      const best = { policy: await trainable.parameters.policy.read() };
      const dir = await checkpoints.write(trainable, one, { state, best });
      expect(namesAt(dir)).toEqual(['best', 'm', 'v', 'value']);
      const json = JSON.parse(readFileSync(join(dir, 'trainer_state.json'), 'utf8')) as object;
      expect(json).toEqual({ format: 1, ...state, updates: 0 });
      expect(loadCheckpoint(dir, trainable.parameters, one)).toEqual({ state, best });
    });

    it('lies under the names of its sets, and comes back with what the task keeps', async () => {
      const { parameters } = both;
      const best = { policy: await parameters.policy.read(), head: await parameters.head.read() };
      const kept = { values: { seen: 3, on: [true, null] }, tensors: { mean: Float32Array.of(1, 2) } };
      const dir = await checkpoints.write(both, two, { state, best, task: kept });
      expect(namesAt(dir)).toEqual(
        ['best', 'm', 'v', 'value']
          .flatMap((kind) => [kind, `head.${kind}`])
          .concat('task.mean')
          .sort(),
      );
      parameters.head.load(best.head.map((x) => x + 1));
      let restored: TaskState | undefined;
      const loaded = loadCheckpoint(dir, parameters, two, (task) => (restored = task));
      expect(loaded).toEqual({ state, best, task: kept });
      expect(restored).toEqual(kept);
      expect(await parameters.head.read()).toEqual(best.head);
    });

    it('must be what the run trains, and its own state what the method keeps; else nothing is loaded', async () => {
      const only = await checkpoints.write(trainable, one, { state });
      const before = await both.parameters.head.read();
      expect(() => loadCheckpoint(only, both.parameters, two)).toThrow(
        /training_state.safetensors: expected a tensor 'head.value', received none/,
      );
      expect(() => loadCheckpoint(only, trainable.parameters, one, () => {})).toThrow(
        /trainer_state.json: expected 'task', the method's own state, received none/,
      );
      const dir = await checkpoints.write(both, two, { state, task: { values: 1 } });
      expect(() => loadCheckpoint(dir, both.parameters, two)).toThrow(/expected no 'task'/);
      expect(() => loadCheckpoint(dir, trainable.parameters, one, () => {})).toThrow(
        /expected tensors of what this run trains only, received head.m, head.v, head.value/,
      );
      both.parameters.head.load(before.map((x) => x + 1));
      const refuse = () => {
        throw new Error('not mine');
      };
      expect(() => loadCheckpoint(dir, both.parameters, two, refuse)).toThrow('not mine');
      expect(await both.parameters.head.read()).toEqual(before.map((x) => x + 1));
    });

    it.each([
      [{ values: { rate: NaN } }, 'values.rate'],
      [{ values: [1, new Date(0) as unknown as Json] }, 'values\\[1\\]'],
      [{ values: 0, tensors: { mean: Float32Array.of(1, Infinity) } }, 'tensors.mean\\[1\\]'],
      [{ values: 0, tensors: { mean: new Float32Array(0) } }, 'tensors.mean'],
    ])('refuses to write a state that would not come back: %o', async (task: TaskState, place) => {
      await expect(checkpoints.write(both, two, { state, task })).rejects.toThrow(new RegExp(place));
      expect(checkpoints.steps()).toEqual([2, 4, 6]);
    });
  });

  it('an empty folder, and several that are damaged', () => {
    for (const step of [6, 4]) {
      rmSync(checkpoints.at(step), { recursive: true });
      mkdirSync(checkpoints.at(step));
    }
    const both = `rm -r ${checkpoints.at(6)} ${checkpoints.at(4)}`;
    expect(() => checkpoints.newest()).toThrow(`${both} the same command goes on from ${checkpoints.at(2)}`);
    truncateSync(join(checkpoints.at(2), 'tokenizer.json'), 9);
    expect(() => checkpoints.newest()).toThrow(
      `${both} ${checkpoints.at(2)} the same command begins again from step 1`,
    );
    expect(checkpoints.steps()).toEqual([2, 4, 6]);
  });

  it('quotes what a shell would take apart', () => {
    const odd = join(root, "it's a run");
    cpSync(written, odd, { recursive: true });
    rmSync(join(odd, 'step-6/tokenizer.json'));
    expect(() => new Checkpoints(odd).newest()).toThrow(`rm -r '${root}/it'\\''s a run/step-6' the`);
  });

  it('rotates the oldest away', () => {
    checkpoints.rotate(0);
    expect(readdirSync(path).sort()).toEqual(['step-2', 'step-4', 'step-6']);
    checkpoints.rotate(2);
    expect(readdirSync(path).sort()).toEqual(['step-4', 'step-6']);
  });
});
