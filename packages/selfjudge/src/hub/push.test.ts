import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bytes, failure, MODEL, withHub } from '../testing/hub.js';
import { pullModel } from './pull.js';
import { pushFolder, type PushOptions } from './push.js';

const place = withHub();
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'selfjudge-push-'))));
afterEach(() => rmSync(root, { recursive: true }));

function folderOf(files: Record<string, string | Uint8Array>): string {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}
const writer = () => place.settings({ token: 'hf_writer' });
const push = (folder: string, options: PushOptions = {}) =>
  pushFolder(folder, { id: 'owner/new' }, { settings: writer(), ...options });
const repository = () => place.hub.repositories.get('models/owner/new')!;
const pushed = (branch = 'main') => repository().commits.get(repository().commitOf(branch)!)!;
const sent = (part: string) => place.hub.asked.filter(({ path }) => path.includes(part));

describe('a folder that is pushed', () => {
  it('comes back as it was: large files by LFS, what is no part of the model left out', async () => {
    const folder = folderOf({
      ...MODEL,
      'README.md': '# A model',
      LICENSE: 'ours',
      'optimizer.safetensors': 'state',
      'manifest.json': '{}',
      '.env': 'SECRET=1',
      'additional_chat_templates/tools.jinja': '{{ x }}',
    });
    const progress: number[][] = [];
    const notes: string[] = [];
    const result = await push(folder, {
      message: 'a first one',
      onProgress: (...one) => progress.push(one),
      onNote: (line) => notes.push(line),
    });
    expect(result.url).toBe(`${place.hub.url}/owner/new`);
    expect(result.commit).toBe(repository().commitOf('main'));
    const names = [...Object.keys(MODEL), 'LICENSE', 'README.md', 'additional_chat_templates/tools.jinja'];
    expect([...pushed().keys()].toSorted()).toEqual(['.gitattributes', ...names].toSorted());
    for (const [path, content] of Object.entries(MODEL))
      expect(pushed().get(path)!.equals(Buffer.from(content)), path).toBe(true);
    expect(notes).toEqual([
      'left out, as a model is not opened from it: manifest.json, optimizer.safetensors',
    ]);
    expect(sent('/upload').length + sent('/files/').length).toBe(1);
    expect(progress.at(-1)).toEqual([result.files.length > 0 ? progress.at(-1)![1] : 0, progress.at(-1)![1]]);
    expect(repository().token).toBe('hf_writer');
    expect(new Set(place.hub.asked.map(({ at, authorization }) => `${at} ${authorization}`))).toEqual(
      new Set(['hub Bearer hf_writer', 'cdn undefined']),
    );
    const again = await pullModel({ type: 'model', id: 'owner/new' }, { settings: writer() });
    expect(readFileSync(join(again.paths[0], 'model.safetensors')).equals(MODEL['model.safetensors'])).toBe(
      true,
    );
    // What is there already is not sent again.
    await push(folder);
    expect(sent('/files/').filter(({ method }) => method === 'PUT')).toHaveLength(1);
  });

  it('is the result of a run, or what an adapter is opened from', async () => {
    folderOf({
      'config.yaml': 'verb: dpo',
      'metrics.jsonl': '',
      'final/adapter_config.json': JSON.stringify({
        peft_type: 'LORA',
        r: 1,
        target_modules: ['q_proj'],
        base_model_name_or_path: '/home/somebody/base',
      }),
      'final/adapter_model.safetensors': bytes(50),
    });
    const notes: string[] = [];
    const { files } = await push(root, { onNote: (line) => notes.push(line) });
    expect(files).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
    expect(notes).toEqual([
      `${join(root, 'final')} is pushed`,
      'adapter_config.json names the base /home/somebody/base, which others do not have: push it too, and name it there',
    ]);
  });

  it('goes to a branch, which is made, and is public where that is said', async () => {
    const folder = folderOf(MODEL);
    const { url } = await push(folder, { public: true, revision: 'try-2' });
    expect(url).toBe(`${place.hub.url}/owner/new/tree/try-2`);
    expect(repository().token).toBeUndefined();
    expect([...pushed().keys()]).toEqual(['.gitattributes']);
    expect(pushed('try-2').has('model.safetensors')).toBe(true);
    await push(folder, { public: true, revision: 'try-2' });
  });

  it('is tried again where the hub is busy, and never committed twice', async () => {
    const folder = folderOf(MODEL);
    const busy = new Set<string>();
    place.hub.fault = ({ at, path, method }) => {
      const key = `${at} ${method} ${path}`;
      if (method === 'GET' || busy.has(key)) return undefined;
      busy.add(key);
      return { status: 429, headers: { 'retry-after': '0' } };
    };
    await push(folder);
    expect(repository().commits.size).toBe(2);
    place.hub.fault = ({ path }) => (path.includes('/commit/') ? { status: 500 } : undefined);
    expect(await failure(push(folder))).toMatch(/received status 500 \(/);
    expect(sent('/commit/').length).toBe(3);
  });
});

describe('a push that cannot be', () => {
  it('is refused before anything is sent', async () => {
    const folder = folderOf({ 'notes.txt': 'nothing' });
    await expect(push(folder)).rejects.toThrow(
      /expected config.json, adapter_config.json, final\/.*received none/,
    );
    writeFileSync(join(root, 'config.json'), '{}');
    writeFileSync(join(root, 'pytorch_model.bin'), '');
    expect(await failure(push(folder))).toMatch(/weights of other kinds: pytorch_model.bin/);
    writeFileSync(join(root, 'model.safetensors'), bytes(9));
    expect(await failure(push(folder, { settings: place.settings() }))).toBe(
      'owner/new: expected a token that may write, received none (set HF_TOKEN; settings/tokens on the hub makes one)',
    );
    expect(await failure(push(folder, { settings: place.settings({ offline: true }) }))).toMatch(
      /HF_HUB_OFFLINE/,
    );
    expect(place.hub.asked).toEqual([]);
  });

  it('names what stands in its way', async () => {
    const folder = folderOf(MODEL);
    const reader = place.settings({ token: 'hf_reader' });
    expect(await failure(push(folder, { settings: reader }))).toMatch(
      /^owner\/new: expected access to .*owner\/new, received status 403 \(You do not have the required permissions\) \(.*may not do this\)$/,
    );
    place.hub.add('model', 'owner/new', {});
    expect(await failure(push(folder))).toMatch(
      /expected a repository that not everybody sees, received .*public \(give --public\)/,
    );
    place.hub.add('model', 'owner/new', { 'adapter_config.json': '{}', 'README.md': '' });
    expect(await failure(push(folder, { public: true }))).toMatch(
      /a branch without files of another model, .*received adapter_config.json \(remove them on .*--revision\)/,
    );
    expect(sent('/commit/')).toEqual([]);
  });

  it('ends when it is stopped', async () => {
    const folder = folderOf(MODEL);
    const stop = new AbortController();
    place.hub.fault = ({ method, at }) => (method === 'PUT' && at === 'cdn' ? { silent: true } : undefined);
    const stopped = push(folder, { signal: stop.signal, onProgress: (done) => done > 0 && stop.abort() });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(repository().commits.size).toBe(1);
  });
});
