import { mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HubName } from '@selfjudge/base/internal';
import { describe, expect, it } from 'vitest';
import { bytes, failure, MODEL, withHub } from '../testing/hub.js';
import { pullModel } from './pull.js';

const place = withHub();
const { settings } = place;
const name: HubName = { type: 'model', id: 'owner/name' };
const folder = 'models--owner--name';
const asked = () => place.hub.asked.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`);

describe('a model that is pulled', () => {
  it('lies as huggingface_hub lays it out, and is not asked for again', async () => {
    const commit = place.hub.add('model', 'owner/name', MODEL).commitOf('main')!;
    const progress: number[][] = [];
    const pulled = await pullModel(name, {
      settings: settings(),
      onProgress: (...one) => progress.push(one),
    });
    const path = join(place.cache, folder, 'snapshots', commit);
    expect(pulled).toEqual({
      paths: [path],
      names: [`owner/name@${commit}`],
      commit,
      files: 3,
      bytes: 1_000_024,
    });
    expect(progress.at(-1)).toEqual([1_000_024, 1_000_024]);
    for (const [file, content] of Object.entries(MODEL))
      expect(Buffer.from(content).equals(readFileSync(join(path, file)))).toBe(true);
    // What git hash-object says of the text, and sha256sum of the weights.
    const git = '9e26dfeeb6e641a33dae4961196235bdb965b21b';
    expect(readlinkSync(join(path, 'tokenizer.json'))).toBe(`../../blobs/${git}`);
    expect(readlinkSync(join(path, 'model.safetensors'))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(readFileSync(join(place.cache, folder, 'refs/main'), 'utf8')).toBe(commit);
    expect(place.names('.locks')).toEqual([folder]);

    place.hub.asked.length = 0;
    expect(await pullModel(name, { settings: settings() })).toEqual(pulled);
    expect(asked()).toEqual(['GET /api/models/owner/name/revision/main']);
    place.hub.asked.length = 0;
    const pinned = { ...name, revision: commit };
    expect((await pullModel(pinned, { settings: settings() })).paths).toEqual([path]);
    expect(await pullModel(name, { settings: settings({ offline: true }) })).toEqual(pulled);
    expect(asked()).toEqual([]);
  });

  it('has the files that a model is opened from, and no others', async () => {
    place.hub.add('model', 'owner/name', {
      ...MODEL,
      'README.md': 'about',
      'pytorch_model.bin': bytes(9),
      'original/consolidated.00.pth': bytes(9),
      'onnx/model.onnx': bytes(9),
      'name.Q8_0.gguf': bytes(9),
      'consolidated.safetensors': bytes(9),
      'model-00001-of-00002.safetensors': bytes(9),
      'additional_chat_templates/tools.jinja': '{{ x }}',
      'chat_template.jinja': '{{ y }}',
      'judge_template.yaml': 'name: plain',
    });
    const { paths } = await pullModel(name, { settings: settings() });
    expect(place.names(paths[0].slice(place.cache.length + 1))).toEqual(
      [
        ...Object.keys(MODEL),
        'additional_chat_templates',
        'additional_chat_templates/tools.jinja',
        'chat_template.jinja',
        'judge_template.yaml',
      ].toSorted(),
    );
  });

  it('has the shards that its index names', async () => {
    const shard = (n: number) => `model-0000${n}-of-00002.safetensors`;
    const index = { weight_map: { a: shard(1), b: shard(2), c: shard(1) } };
    const files = {
      'config.json': '{}',
      'model.safetensors.index.json': JSON.stringify(index),
      [shard(1)]: bytes(1000, '1'),
      [shard(2)]: bytes(1000, '2'),
      'model-00001-of-00003.safetensors': bytes(5),
    };
    const repository = place.hub.add('model', 'owner/name', files);
    const { files: count, paths } = await pullModel(name, { settings: settings() });
    expect(count).toBe(4);
    expect(readFileSync(join(paths[0], shard(2)))).toEqual(files[shard(2)]);
    for (const [map, message] of [
      [
        '{"weight_map":{"a":"../../../outside"}}',
        /received "..\/..\/..\/outside", which is none of its files/,
      ],
      ['{"weight_map":{"a":7}}', /received 7, which is none of its files/],
      ['{}', /one without weight_map/],
      ['{', /expected a list of shards.*received .*JSON/],
    ] as const) {
      repository.commit({ ...files, 'model.safetensors.index.json': map });
      expect(await failure(pullModel(name, { settings: settings() }))).toMatch(message);
    }
  });

  it('of GGUF files alone is named with one of them', async () => {
    place.hub.add('model', 'owner/name', {
      'config.json': '{}',
      'name-Q4_0.gguf': bytes(10, '4'),
      'name-Q8_0.gguf': bytes(10, '8'),
      'big/name-00001-of-00002.gguf': bytes(10, 'a'),
      'big/name-00002-of-00002.gguf': bytes(10, 'b'),
    });
    expect(await failure(pullModel(name, { settings: settings() }))).toMatch(
      /^owner\/name: expected a model .* received GGUF files: name-Q4_0.gguf, name-Q8_0.gguf, big.* \(name the one that is meant: owner\/name\/name-Q4_0.gguf\)$/,
    );
    const one = await pullModel({ ...name, file: 'name-Q8_0.gguf' }, { settings: settings() });
    expect(readFileSync(one.paths[0])).toEqual(bytes(10, '8'));
    expect(one.names).toEqual([`owner/name@${one.commit}/name-Q8_0.gguf`]);
    const split = await pullModel(
      { ...name, file: 'big/name-00001-of-00002.gguf' },
      { settings: settings() },
    );
    expect(split.files).toBe(2);
    expect(readFileSync(split.paths[0].replace('00001-of', '00002-of'))).toEqual(bytes(10, 'b'));
    const none = pullModel({ ...name, file: 'name-Q2_K.gguf' }, { settings: settings() });
    expect(await failure(none)).toMatch(
      /expected the file name-Q2_K.gguf in its repository, received name-Q4/,
    );
    const other = pullModel({ ...name, file: 'config.json' }, { settings: settings() });
    expect(await failure(other)).toMatch(/a file NAME.gguf in it, received config.json/);
  });

  it('of weights that are not read is refused by what it has', async () => {
    const repository = place.hub.add('model', 'owner/name', {
      'config.json': '{}',
      'pytorch_model.bin': bytes(9),
    });
    expect(await failure(pullModel(name, { settings: settings() }))).toMatch(
      /received weights of other kinds: pytorch_model.bin \(.*save_pretrained/,
    );
    repository.commit({ 'README.md': 'soon' });
    expect(await failure(pullModel(name, { settings: settings() }))).toMatch(/received README.md/);
    repository.commit({});
    expect(await failure(pullModel(name, { settings: settings() }))).toMatch(/received no file/);
    expect(place.hub.asked.some(({ path }) => path.includes('/resolve/'))).toBe(false);
  });

  it('is read by pages, and may be at a branch with slashes', async () => {
    const repository = place.hub.add('model', 'owner/name', {});
    const commit = repository.commit(MODEL, 'refs/pr/3');
    place.hub.pageSize = 1;
    const { paths } = await pullModel({ ...name, revision: 'refs/pr/3' }, { settings: settings() });
    expect(paths[0]).toContain(commit);
    expect(readFileSync(join(place.cache, folder, 'refs/refs/pr/3'), 'utf8')).toBe(commit);
    expect(asked().filter((one) => one.includes('/tree/'))).toHaveLength(3);
  });
});

describe('a name that means nothing to be had', () => {
  it('is told in one sentence, with what to do', async () => {
    place.hub.add('model', 'owner/name', MODEL).token = 'hf_owner';
    place.hub.add('model', 'owner/gated', MODEL).gated = true;
    const gated = { ...name, id: 'owner/gated' };
    const none = { ...name, id: 'owner/none' };
    const page = place.hub.url;
    expect(await failure(pullModel(none, { settings: settings() }))).toBe(
      `owner/none: expected the model owner/none on ${page}, received status 401 (Repository not found) ` +
        '(there is none that is shown to you; if it is private, set HF_TOKEN)',
    );
    const token = { settings: settings({ token: 'hf_other' }) };
    expect(await failure(pullModel(name, token))).toMatch(
      /received status 404 .*HF_TOKEN has to be of an account/,
    );
    expect(await failure(pullModel(gated, { settings: settings() }))).toBe(
      `owner/gated: expected access to ${page}/owner/gated, received status 401 (Access to model owner/gated is ` +
        'restricted.) (ask for it on that page; set HF_TOKEN to a token of an account that has it)',
    );
    expect(await failure(pullModel(gated, token))).toMatch(
      /status 403 .*the token that was sent .* without it/,
    );
    const revision = pullModel({ ...name, revision: 'v9' }, { settings: settings({ token: 'hf_owner' }) });
    expect(await failure(revision)).toMatch(
      /expected a branch, tag or commit v9 of .*owner\/name, received status 404/,
    );
    expect(place.names()).toEqual([]);
  });

  it('is looked for in the cache alone where that is asked for, or nobody answers', async () => {
    const commit = place.hub.add('model', 'owner/name', MODEL).commitOf('main')!;
    const offline = settings({ offline: true });
    expect(await failure(pullModel(name, { settings: offline }))).toBe(
      `owner/name: expected it in ${place.cache}, as HF_HUB_OFFLINE is set, received no owner/name at main (without ` +
        'HF_HUB_OFFLINE, selfjudge pull owner/name downloads it)',
    );
    const { paths } = await pullModel(name, { settings: settings() });
    const away = settings();
    await place.hub.close();
    const notes: string[] = [];
    const cached = await pullModel(name, { settings: away, onNote: (line) => notes.push(line) });
    expect(cached.paths).toEqual(paths);
    expect(notes).toEqual([`owner/name: ECONNREFUSED; commit ${commit} of the last time is used`]);
    expect(await failure(pullModel({ ...name, id: 'owner/other' }, { settings: away }))).toMatch(
      /^owner\/other: expected an answer of http.*owner\/other was looked for, received ECONNREFUSED \(look at the network/,
    );
    rmSync(join(paths[0], 'model.safetensors'));
    expect(await failure(pullModel(name, { settings: away }))).toMatch(
      /as the hub does not answer, received no model.safetensors/,
    );
    expect(await failure(pullModel(name, { settings: offline }))).toMatch(
      /HF_HUB_OFFLINE is set, received no model.safetensors/,
    );
  });

  it('takes what others have put into the cache, without a list of files', async () => {
    const commit = 'c'.repeat(40);
    const repository = join(place.cache, folder);
    const snapshot = join(repository, 'snapshots', commit);
    for (const one of [snapshot, join(repository, 'blobs'), join(repository, 'refs')])
      mkdirSync(one, { recursive: true });
    writeFileSync(join(repository, 'refs/main'), commit);
    for (const [path, content] of Object.entries(MODEL)) {
      writeFileSync(join(repository, 'blobs', path), content);
      symlinkSync(join('../../blobs', path), join(snapshot, path));
    }
    const { paths, files } = await pullModel(name, { settings: settings({ offline: true }) });
    expect({ paths, files }).toEqual({ paths: [snapshot], files: 3 });
    rmSync(join(repository, 'blobs/model.safetensors'));
    expect(await failure(pullModel(name, { settings: settings({ offline: true }) }))).toMatch(
      /received config.json, tokenizer.json/,
    );
  });
});
