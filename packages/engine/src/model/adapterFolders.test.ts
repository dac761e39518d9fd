// Adapter folders as others write them: mlx-lm's, damaged ones, those that bring a tokenizer or name their base.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { byteTokenizer, type Tokenizer } from '@selfjudge/text';
import { byteModel } from '@selfjudge/testing/tinyModel';
import { TreeBatch } from '../tensor/treeBatch.js';
import { Adapter } from './adapter.js';
import { describeAdapter } from './adapterConfig.js';
import { Safetensors } from './files/safetensors.js';
import { writeSafetensors } from './files/writeSafetensors.js';
import { Model } from './model.js';
import { loadModelWithAdapter } from './loadModelWithAdapter.js';

const fixtures = fileURLToPath(new URL('../../../../benchmarks/peers/fixtures/adapters', import.meta.url));
const fixture = (name: string) => join(fixtures, name);
const room = mkdtempSync(join(tmpdir(), 'adapter-folders-'));
afterAll(() => rmSync(room, { recursive: true }));

type Named = Record<string, { shape: number[]; values: Float32Array }>;

function tensorsOf(folder: string): Named {
  const file = Safetensors.openIn(folder, 'adapter_model');
  const read = (name: string) => ({
    shape: file.tensors.get(name)!.shape,
    values: file.read(name).data as Float32Array,
  });
  return Object.fromEntries([...file.tensors.keys()].map((name) => [name, read(name)]));
}

const jsonOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8')) as Record<string, unknown>;

let written = 0;
/** Writes an adapter folder. */
async function folderOf(json: object, tensors: Named, stem = 'adapter_model'): Promise<string> {
  const folder = join(room, `adapter-${written++}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(json));
  const file = Object.entries(tensors).map(([name, { shape, values }]) => ({
    name,
    dtype: 'F32' as const,
    shape,
    values: () => values,
  }));
  await writeSafetensors(join(folder, `${stem}.safetensors`), file);
  return folder;
}

/** What a model gives some ids. */
async function scoresOf(model: Model, adapter?: Adapter): Promise<number[]> {
  const batch = TreeBatch.from([{ tokens: [1, 7, 3, 12, 5, 9], targets: [[1, 6]] }]);
  return [...(await model.view(adapter === undefined ? [] : [adapter]).score(batch))];
}

/** Opens and scores, and tells what was said. */
async function opened(base: string, adapter?: string) {
  const said: string[] = [];
  const options = { onWarning: (message: string) => void said.push(message) };
  const loaded = await loadModelWithAdapter(base, { ...options, ...(adapter !== undefined && { adapter }) });
  const scores = await scoresOf(loaded.model, loaded.adapter);
  const { tokenizer, source } = loaded.model;
  const { adapter: one, merged } = loaded;
  const facts = { scores, said, merged, tokenizer, source, config: one?.config, base: one?.base };
  one?.dispose();
  loaded.model.dispose();
  return facts;
}

describe('an adapter of mlx-lm', () => {
  /** The same adapter as mlx-lm would write it: scale for alpha / r, matrices the other way around. */
  function asMlx(tensors: Named): Named {
    const entries = Object.entries(tensors).map(
      ([
        name,
        {
          shape: [rows, columns],
          values,
        },
      ]) => {
        const own = name
          .replace('base_model.model.', '')
          .replace('.lora_A.weight', '.lora_a')
          .replace('.lora_B.weight', '.lora_b')
          .replace('.lora_magnitude_vector', '.m');
        if (columns === undefined) return [own, { shape: [rows], values }];
        const turned = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]);
        return [own, { shape: [columns, rows], values: turned }];
      },
    );
    return Object.fromEntries(entries) as Named;
  }
  const config = (change: object = {}) => ({
    model: fixture('untied'),
    fine_tune_type: 'lora',
    num_layers: 2,
    lora_parameters: { rank: 2, scale: 3, dropout: 0 },
    ...change,
  });

  it('computes as the same one of PEFT does', async () => {
    const mlx = await folderOf(config(), asMlx(tensorsOf(fixture('pattern'))), 'adapters');
    const want = await opened(fixture('untied'), fixture('pattern'));
    const got = await opened(mlx);
    expect(got.scores).toEqual(want.scores);
    expect(got.config).toMatchObject({ r: 2, alpha: 6, targetModules: ['q_proj', 'v_proj'] });
    expect(got.base).toBe(fixture('untied'));
  });

  it('has DoRA merged', async () => {
    const json = config({ fine_tune_type: 'dora', num_layers: -1 });
    const mlx = await folderOf(json, asMlx(tensorsOf(fixture('dora'))), 'adapters');
    const want = await opened(fixture('untied'), fixture('dora'));
    const got = await opened(mlx);
    expect(got.scores).toEqual(want.scores);
    expect(got.merged).toEqual(["fine_tune_type 'dora' (DoRA)"]);
  });

  it('is refused where it is for other layers, or says no scale', async () => {
    const tensors = asMlx(tensorsOf(fixture('pattern')));
    await expect(opened(await folderOf(config({ num_layers: 1 }), tensors, 'adapters'))).rejects.toThrow(
      /on the last 1 of 3 layers only \(num_layers\), received 'model.layers.1.self_attn.q_proj.lora_a'/,
    );
    const without = config({ lora_parameters: { rank: 2 } });
    await expect(opened(await folderOf(without, tensors, 'adapters'))).rejects.toThrow(
      /lora_parameters.scale a number, received undefined/,
    );
    const other = config({ fine_tune_type: 'prefix' });
    await expect(opened(await folderOf(other, tensors, 'adapters'))).rejects.toThrow(
      /fine_tune_type 'lora', 'dora' or 'full'/,
    );
  });
});

describe('a folder that is not whole', () => {
  const refused = async (json: object, tensors: Named, message: RegExp) => {
    const folder = await folderOf(json, tensors);
    await expect(opened(fixture('untied'), folder)).rejects.toThrow(message);
  };
  const json = jsonOf(fixture('pattern'));
  const tensors = tensorsOf(fixture('pattern'));
  const first = Object.keys(tensors)[0];

  it('says what is missing and how that comes about', async () => {
    for (const target_modules of [['q_proj'], '.*q_proj'])
      await refused({ ...json, target_modules }, {}, /received a file without tensors\n.*ZeRO-3.*gathered/);
    const empty = Object.fromEntries(
      Object.keys(tensors).map((name) => [name, { shape: [0], values: new Float32Array() }]),
    );
    await refused(json, empty, /lora_A.weight' of shape \[2, 8\], by .* received shape \[0\]\n.*ZeRO-3/);
    await refused(
      { ...json, target_modules: ['q_proj'] },
      tensors,
      /layers.0.self_attn.q_proj.lora_A.weight' .* no such tensor/,
    );
    await refused({ ...json, use_dora: true }, tensors, /lora_magnitude_vector' of shape .* no such tensor/);
    await refused(
      { ...json, modules_to_save: ['lm_head'] },
      tensors,
      /lm_head.weight' .*by modules_to_save, received no such tensor/,
    );
    await refused(
      { ...json, target_modules: ['c_attn'] },
      tensors,
      /target_modules that match modules of this model, received \["c_attn"\]/,
    );
    const nan = { ...tensors, [first]: { ...tensors[first], values: tensors[first].values.map(() => NaN) } };
    await refused(json, nan, /finite values in 'base_model.*lora_A.weight', received NaN at 0/);
    const bin = join(room, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'adapter_config.json'), JSON.stringify(json));
    writeFileSync(join(bin, 'adapter_model.bin'), '');
    await expect(opened(fixture('untied'), bin)).rejects.toThrow(
      /received adapter_model.bin\nPickled weights/,
    );
  });

  it('has tensors that nobody asks for: named, or refused where they are of another model', async () => {
    const some = { ...json, target_modules: ['model.layers.1.self_attn.q_proj'] };
    const folder = await folderOf(some, tensors);
    const { said, config } = await opened(fixture('untied'), folder);
    expect(said).toEqual([
      expect.stringMatching(
        /not used, as adapter_config.json .*v_proj.lora_A.weight, .*v_proj.lora_B.weight$/,
      ),
    ]);
    expect(config?.modules).toEqual([{ layer: 1, name: 'q_proj', r: 2, alpha: 6 }]);
    const deeper = {
      ...tensors,
      'base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight': tensors[first],
    };
    await refused(json, deeper, /tensors of modules of this model only, received '.*layers.7/);
  });

  it('cannot be put on a model that is loaded already when it has to be merged', async () => {
    const model = await Model.load(fixture('untied'));
    await expect(Adapter.load(fixture('dora'), model)).rejects.toThrow(
      /received use_dora \(DoRA\)\nOpen the model together with this adapter/,
    );
    model.dispose();
  });
});

describe('several adapters of some layers', () => {
  it('stack into one that computes their sum, and keep to their layers', async () => {
    const model = await Model.load(fixture('untied'));
    const one = await Adapter.load(fixture('ranks'), model);
    const two = await Adapter.load(fixture('pattern'), model);
    const stacked = await Adapter.stack([one, two]);
    const batch = TreeBatch.from([{ tokens: [1, 7, 3, 12, 5, 9], targets: [[1, 6]] }]);
    const want = [...(await model.view([one, two]).score(batch))];
    const got = await scoresOf(model, stacked);
    expect(Math.max(...got.map((x, i) => Math.abs(x - want[i])))).toBeLessThan(1e-5);
    const small = await Adapter.stack([two, two]);
    expect(small.config.modules).toHaveLength(2);
    expect(describeAdapter(small.config, model.config)).toBe('r 4 on q_proj, v_proj of layer 1');
    expect(describeAdapter(one.config, model.config)).toBe('r 1 to 4 on all linear layers');
    for (const thing of [one, two, stacked, small, model]) thing.dispose();
  });

  it('may be begun by listing them', async () => {
    const model = await Model.load(fixture('untied'));
    const modules = [
      { layer: 2, name: 'up_proj' as const, r: 1, alpha: 2 },
      { layer: 0, name: 'q_proj' as const, r: 3, alpha: 3 },
    ];
    const config = { r: 3, alpha: 3, dropout: 0, targetModules: ['q_proj'], modules };
    const adapter = Adapter.init(model, config, 1);
    expect(adapter.config.modules?.map(({ layer }) => layer)).toEqual([0, 2]);
    expect((await adapter.read()).length).toBe(3 * (8 + 8) + 8 + 12);
    expect(() => Adapter.init(model, { ...config, modules: [{ ...modules[0], layer: 3 }] }, 1)).toThrow(
      /blocks 0 to 2, each once, received up_proj of 3/,
    );
    adapter.dispose();
    model.dispose();
  });
});

describe('the base of an adapter', () => {
  /** A project: base, and an adapter that a run saved with the base named as given. */
  async function project(name: string, given: (at: string) => string) {
    const at = join(room, name);
    const base = byteModel();
    await base.save(join(at, 'models/base'));
    base.source = given(at);
    const adapter = Adapter.init(base, { r: 1, alpha: 1, dropout: 0, targetModules: ['q_proj'] }, 1);
    await adapter.save(join(at, 'runs/one/final'));
    adapter.dispose();
    base.dispose();
    return at;
  }
  const named = (at: string) => jsonOf(join(at, 'runs/one/final')).base_model_name_or_path;

  it('is named as it was given where that holds from the folder, so that both may move', async () => {
    const before = process.cwd();
    try {
      process.chdir(room);
      mkdirSync(join(room, 'first'));
      process.chdir(join(room, 'first'));
      const at = await project('first', () => 'models/base');
      expect(named(at)).toBe('models/base');
      process.chdir(before);
      renameSync(at, join(room, 'moved'));
      const { source, base } = await opened(join(room, 'moved/runs/one/final'));
      expect(source).toBe(join(room, 'moved/models/base'));
      expect(base).toBe('models/base');
    } finally {
      process.chdir(before);
    }
  });

  it('is named whole where a relative name would mean nothing there', async () => {
    const path = (at: string) => relative(process.cwd(), join(at, 'models/base'));
    const at = await project('second', path);
    expect(named(at)).toBe(join(at, 'models/base'));
    expect((await opened(join(at, 'runs/one/final'))).source).toBe(join(at, 'models/base'));
  });

  it('need not be on this machine when one is given, and is then what is saved', async () => {
    const folder = await folderOf(
      { ...jsonOf(fixture('pattern')), base_model_name_or_path: 'some/hub-id' },
      tensorsOf(fixture('pattern')),
    );
    await expect(opened(folder)).rejects.toThrow(
      /on this machine, received some\/hub-id\nGive the base .*--adapter/,
    );
    const { scores, base } = await opened(fixture('untied'), folder);
    expect(scores).toEqual((await opened(fixture('untied'), fixture('pattern'))).scores);
    expect(base).toBe(fixture('untied'));
  });

  it('is the model in its folder where it names none, or one that is not here', async () => {
    const both = join(room, 'both');
    const base = byteModel();
    await base.save(both);
    const adapter = Adapter.init(base, { r: 1, alpha: 1, dropout: 0, targetModules: ['q_proj'] }, 1);
    await adapter.save(join(room, 'apart'));
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      renameSync(join(room, 'apart', file), join(both, file));
    const write = (name: unknown) =>
      writeFileSync(
        join(both, 'adapter_config.json'),
        JSON.stringify({ ...jsonOf(both), base_model_name_or_path: name }),
      );
    for (const name of [null, 'some/hub-id', both]) {
      write(name);
      const { source, config } = await opened(both);
      expect({ source, r: config?.r }).toEqual({ source: both, r: 1 });
    }
    expect((await opened(both, both)).config?.r).toBe(1);
    const { model: alone, adapter: none } = await loadModelWithAdapter(both, { withoutAdapter: true });
    expect(none).toBeUndefined();
    alone.dispose();
    const upon = await folderOf({ ...jsonOf(both), base_model_name_or_path: join(room, 'apart') }, {});
    renameSync(join(both, 'adapter_config.json'), join(room, 'apart/adapter_config.json'));
    await expect(opened(upon)).rejects.toThrow(
      /base_model_name_or_path a model, received an adapter, .*apart\nMerge that one/,
    );
    adapter.dispose();
    base.dispose();
  });

  it('that is a GGUF file has a README.md beside the adapter', async () => {
    const base = byteModel();
    base.source = join(room, 'tiny.gguf');
    const adapter = Adapter.init(base, { r: 1, alpha: 1, dropout: 0, targetModules: ['q_proj'] }, 1);
    await adapter.save(join(room, 'of-gguf'));
    expect(readFileSync(join(room, 'of-gguf/README.md'), 'utf8')).toContain(
      `AutoModelForCausalLM.from_pretrained("${room}", gguf_file="tiny.gguf")`,
    );
    expect(existsSync(join(room, 'second/runs/one/final/README.md'))).toBe(false);
    adapter.dispose();
    base.dispose();
  });
});

describe('a tokenizer beside an adapter', () => {
  const chat = "{% for m in messages %}{{ '<' + m.role + '>' + m.content }}{% endfor %}";
  let base: string;
  let other: Tokenizer;
  beforeAll(async () => {
    base = join(room, 'byte-base');
    const model = byteModel({ config: { vocabSize: 300 } });
    await model.save(base);
    writeFileSync(join(base, 'generation_config.json'), JSON.stringify({ eos_token_id: [7, 8] }));
    other = byteTokenizer({ words: [' A', ' C'] });
    model.dispose();
  });
  async function adapterWith(tokenizer?: Tokenizer, name: unknown = undefined): Promise<string> {
    const model = byteModel({ config: { vocabSize: 300 } });
    const adapter = Adapter.init(model, { r: 1, alpha: 1, dropout: 0, targetModules: ['q_proj'] }, 1);
    const folder = join(room, `adapter-${written++}`);
    await adapter.save(folder);
    const json = { ...jsonOf(folder), base_model_name_or_path: name ?? base };
    writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(json));
    await tokenizer?.save(folder);
    adapter.dispose();
    model.dispose();
    return folder;
  }
  /** The base's with another template. */
  async function templated(): Promise<Tokenizer> {
    const { tokenizer } = byteModel();
    const { constructor: Tokenizer, files } = tokenizer as Tokenizer & {
      constructor: new (f: object) => Tokenizer;
    };
    return new Tokenizer({ ...files, chatTemplate: chat });
  }

  it('is used with its template, and the end tokens of the base stay', async () => {
    const folder = await adapterWith(await templated());
    for (const { tokenizer, said } of [await opened(folder), await opened(base, folder)]) {
      expect(tokenizer?.chatTemplate).toBe(chat);
      expect(tokenizer?.eos).toEqual(expect.arrayContaining([7, 8]));
      expect(said).toEqual([]);
    }
    expect((await opened(await adapterWith())).tokenizer?.chatTemplate).not.toBe(chat);
  });

  it('may be a template alone', async () => {
    const folder = await adapterWith();
    writeFileSync(join(folder, 'chat_template.jinja'), chat);
    writeFileSync(join(folder, 'tokenizer_config.json'), '{}');
    const { tokenizer, said } = await opened(folder);
    expect(tokenizer?.chatTemplate).toBe(chat);
    expect(tokenizer?.eos).toEqual(expect.arrayContaining([7, 8]));
    expect(said).toEqual([
      expect.stringMatching(/tokenizer_config.json: not used, as no tokenizer.json is beside it/),
    ]);
  });

  it('is named where its ids are others', async () => {
    const folder = await adapterWith(other);
    const { said, tokenizer } = await opened(base, folder);
    expect(said).toEqual([
      expect.stringMatching(
        /another tokenizer than its base here has \(\d+ is " C" in one and " B" in the other\): the adapter's is used/,
      ),
    ]);
    expect(tokenizer?.encode(' C')).toHaveLength(1);

    // Without one beside it, the tokenizer of the base it names tells.
    const trained = join(room, 'trained-on');
    const model = byteModel({ tokenizer: other, config: { vocabSize: 300 } });
    await model.save(trained);
    model.dispose();
    const alone = await opened(base, await adapterWith(undefined, trained));
    expect(alone.said).toEqual([expect.stringMatching(/the base's is used/)]);
    expect((await opened(base, await adapterWith(undefined, 'not/here'))).said).toEqual([]);
  });

  it('must not have more ids than the table has rows', async () => {
    const words = Array.from({ length: 60 }, (_, i) => ` w${String.fromCharCode(97 + (i % 26))}${i}`);
    const folder = await adapterWith(byteTokenizer({ words }));
    await expect(opened(folder)).rejects.toThrow(
      /at most 300 ids, the rows of .*, received \d+ ids\nThe adapter was trained/,
    );
  });
});
