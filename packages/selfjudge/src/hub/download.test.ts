import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HubName } from '@selfjudge/base/internal';
import type { Asked, Fault } from '@selfjudge/testing/hub/standIn';
import { describe, expect, it } from 'vitest';
import { bytes, failure, MODEL, withHub } from '../testing/hub.js';
import { pullModel, type PullHooks } from './pull.js';

const place = withHub();
const name: HubName = { type: 'model', id: 'owner/name' };
const weights = MODEL['model.safetensors'];
const SIZE = weights.length;

const pull = (hooks: PullHooks = {}) => pullModel(name, { settings: place.settings(), ...hooks });
const isWeights = ({ at }: Asked) => at === 'cdn';
/** What went wrong with the requests for the weights, one after another; the rest go well. */
function faults(...list: Fault[]): void {
  const left = [...list];
  place.hub.fault = (asked) => (isWeights(asked) ? left.shift() : undefined);
}
/** Bytes that the requests for the weights began at. */
const starts = () =>
  place.hub.asked.filter(isWeights).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0));
const blobs = () => place.names('models--owner--name', 'blobs');
const parts = () => blobs().filter((file) => file.endsWith('.incomplete'));
/** Whether the whole model is there, and nothing half. */
function expectWhole(paths: string[]): void {
  expect(readFileSync(join(paths[0], 'model.safetensors')).equals(weights)).toBe(true);
  expect(parts()).toEqual([]);
}

describe('a download that breaks', () => {
  it('goes on from where it stopped, by itself', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    faults({ cutAfter: 400_000 }, { cutAfter: 400_000 });
    const { paths } = await pull();
    expectWhole(paths);
    const [first, second, third, ...more] = starts();
    expect([first, more]).toEqual([0, []]);
    expect(second).toBeGreaterThan(0);
    expect(third).toBeGreaterThan(second);
    expect(third).toBeLessThan(SIZE);
  });

  it('is given up after some tries that bring nothing, and goes on the next time', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    const cut: Fault = { cutAfter: 300_000 };
    faults(cut, cut, cut);
    expect(await failure(pull())).toMatch(
      /^owner\/name: expected model.safetensors with 1000000 bytes from http:\S+, received a connection to \S+ that broke \(UND_ERR_SOCKET\), 3 times without getting on \(\d+ bytes are kept; the same command goes on from there\)$/,
    );
    expect(starts()).toHaveLength(3);
    expect(parts()).toHaveLength(1);
    expect(blobs().filter((file) => /^[0-9a-f]{64}$/.test(file))).toEqual([]);
    const before = starts().length;
    const { paths } = await pull();
    expectWhole(paths);
    expect(starts()[before]).toBeGreaterThan(0);
  });

  it('tries for longer as long as it gets on', async () => {
    const large = bytes(3 << 20);
    place.hub.add('model', 'owner/name', { ...MODEL, 'model.safetensors': large });
    place.hub.fault = (asked) => (isWeights(asked) ? { cutAfter: 1_300_000 } : undefined);
    const settings = place.settings();
    settings.moving = { ...settings.moving, tries: 2 };
    const { paths } = await pull({ settings });
    expect(readFileSync(join(paths[0], 'model.safetensors')).equals(large)).toBe(true);
    expect(starts().length).toBeGreaterThan(2);
  });

  it('ends at once when it is stopped, and what has come is not asked for again', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    place.hub.fault = (asked) => (isWeights(asked) ? { cutAfter: 400_000, length: SIZE } : undefined);
    const stop = new AbortController();
    const stopped = pull({
      signal: stop.signal,
      onProgress: (done) => {
        if (done > 100_000) stop.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(parts()).not.toEqual([]);
    expect(place.names('.locks', 'models--owner--name')).toEqual([]);
    place.hub.fault = () => undefined;
    const progress: number[] = [];
    const { paths } = await pull({ onProgress: (done) => progress.push(done) });
    expectWhole(paths);
    expect(starts().at(-1)).toBeGreaterThan(0);
    expect(progress.at(-1)).toBe(SIZE + 24);
  });

  it('waits for a server that is busy, as long as it says', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    faults({ status: 429, headers: { 'retry-after': '0' } }, { status: 503 });
    expectWhole((await pull()).paths);
    faults({ status: 429, headers: { 'retry-after': '3600' } });
    place.hub.add('model', 'owner/name', { ...MODEL, 'model.safetensors': bytes(99) });
    expect(await failure(pull())).toMatch(/received status 429 \(0 bytes are kept/);
    let busy = 2;
    place.hub.fault = ({ path }) => (path.includes('/revision/') && busy-- > 0 ? { status: 500 } : undefined);
    await pull();
    place.hub.fault = ({ path }) => (path.includes('/revision/') ? { status: 502 } : undefined);
    expect(await failure(pullModel({ ...name, revision: 'v1' }, { settings: place.settings() }))).toMatch(
      /received status 502, 3 times in a row/,
    );
  });

  it('says so where the wait is long, and can be stopped then', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    faults({ status: 429, headers: { 'retry-after': '60' } });
    const settings = place.settings();
    settings.moving = { ...settings.moving, longestWait: 100_000 };
    const stop = new AbortController();
    const notes: string[] = [];
    const onNote = (line: string) => {
      notes.push(line);
      stop.abort();
    };
    await expect(pull({ settings, signal: stop.signal, onNote })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(notes).toEqual(['status 429: waiting for 60 s']);
  });

  it('asks for another address where one is good no more', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    faults({ cutAfter: 400_000 }, { status: 403 });
    expectWhole((await pull()).paths);
    expect(starts()).toHaveLength(3);
    place.hub.add('model', 'owner/name', { ...MODEL, 'model.safetensors': bytes(99) });
    place.hub.fault = (asked) => (isWeights(asked) ? { status: 403 } : undefined);
    expect(await failure(pull())).toMatch(/received status 403 of 127.0.0.1:\d+, 3 times/);
  });

  it('notices a server that says nothing more', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    const settings = place.settings();
    settings.moving = { ...settings.moving, silence: 60, tries: 2 };
    place.hub.fault = (asked) => (isWeights(asked) ? { silent: true } : undefined);
    expect(await failure(pull({ settings }))).toMatch(/received nothing more from 127.0.0.1:\d+, 2 times/);
  });
});

describe('a server that lies', () => {
  it.each<[string, Fault, RegExp]>([
    [
      'of a length that is too short',
      { length: 1000 },
      /an answer of 1000 bytes, where 1000000 were to come/,
    ],
    ['of a length that is too long', { length: SIZE + 1 }, /an answer of 1000001 bytes, where 1000000 were/],
    [
      'and ends early without a length',
      { content: weights.subarray(0, 9), length: 'none' },
      /9 bytes and no more, where the hub lists 1000000/,
    ],
    [
      'of contents',
      { content: bytes(SIZE, 'other') },
      /contents of SHA-256 [0-9a-f]{64}, where [0-9a-f]{64} was to come, 2 times/,
    ],
  ])('%s is found out, and nothing of it stays under the name of the file', async (_, fault, message) => {
    place.hub.add('model', 'owner/name', MODEL);
    place.hub.fault = (asked) => (isWeights(asked) ? fault : undefined);
    expect(await failure(pull())).toMatch(message);
    expect(starts().length).toBeLessThanOrEqual(3);
    expect(blobs().filter((file) => /^[0-9a-f]{64}$/.test(file))).toEqual([]);
    const snapshots = place.names('models--owner--name').filter((file) => file.startsWith('snapshots'));
    expect(snapshots.filter((file) => file.includes('safetensors'))).toEqual([]);
    expect(existsSync(join(place.cache, 'models--owner--name/refs/main'))).toBe(false);
    place.hub.fault = () => undefined;
    expectWhole((await pull()).paths);
  });

  it('and sends more than it listed is believed what it listed', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    faults({ content: Buffer.concat([weights, weights]), length: 'none' });
    expectWhole((await pull()).paths);
  });

  it('of small files is found out too', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    place.hub.fault = ({ path }) =>
      path.endsWith('tokenizer.json') ? { content: Buffer.from('[]') } : undefined;
    expect(await failure(pull())).toMatch(
      /tokenizer.json with 2 bytes .* contents of git hash [0-9a-f]{40}, where 9e26dfe/,
    );
  });

  it('of ranges begins anew, or is given up', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    faults({ cutAfter: 400_000 }, { whole: true });
    expectWhole((await pull()).paths);
    const other = bytes(SIZE, 'other');
    place.hub.add('model', 'owner/name', { ...MODEL, 'model.safetensors': other });
    faults(
      { cutAfter: 400_000 },
      ...Array.from({ length: 3 }, () => ({ headers: { 'content-range': `bytes 0-9/${SIZE}` } })),
    );
    expect(await failure(pull())).toMatch(
      /received bytes 0-9\/1000000 of model.safetensors, where bytes \d+-999999\/1000000 was to come/,
    );
    faults();
    const { paths } = await pull();
    expect(readFileSync(join(paths[0], 'model.safetensors')).equals(other)).toBe(true);
  });

  it('of sizes in its list is found out', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    place.hub.listed = (files) =>
      files.map((file) =>
        file.lfs === undefined ? file : { ...file, lfs: { ...file.lfs, size: SIZE + 7 } },
      );
    expect(await failure(pull())).toMatch(/an answer of 1000000 bytes, where 1000007 were to come, 3 times/);
  });

  it.each([
    '../outside',
    '/etc/passwd',
    'a/../../b',
    'a\\b',
    'C:x',
    'a//b',
    'new\nline',
    './a',
    'bell\u0007',
  ])('with the file %j takes no part of it', async (path) => {
    place.hub.add('model', 'owner/name', { ...MODEL, [path]: 'x' });
    expect(await failure(pull())).toMatch(
      /^owner\/name: expected files that can lie in a folder, received ".*": its name .* \(nothing of this repository is taken\)$/,
    );
    expect(place.hub.asked.some(({ path: one }) => one.includes('/resolve/'))).toBe(false);
  });

  it.each<[string, (file: object) => object, RegExp]>([
    [
      'no hash',
      (file) => ({ ...file, oid: undefined, lfs: undefined }),
      /expected size and hash of "config.json"/,
    ],
    ['a hash that is a path', (file) => ({ ...file, lfs: { oid: '../../x', size: 1 } }), /size and hash of/],
    ['a size that is none', (file) => ({ ...file, size: -1, lfs: undefined }), /received -1 bytes/],
  ])('and lists files with %s is refused', async (_, change, message) => {
    place.hub.add('model', 'owner/name', MODEL);
    place.hub.listed = (files) => files.map(change);
    expect(await failure(pull())).toMatch(message);
  });

  it.each<[string, Fault, RegExp]>([
    [
      'a page of HTML',
      { status: 200, body: '<html>' },
      /expected an answer of .*owner\/name as the hub gives it, received .*JSON/,
    ],
    [
      'no commit',
      { status: 200, body: '{"sha":"../../x"}' },
      /expected a commit of 40 hexadecimal digits, received ..\/..\/x/,
    ],
    ['nothing', { status: 200, body: 'null' }, /as the hub gives it/],
    [
      'a redirect to nowhere',
      { status: 302, headers: { location: 'file:///etc/passwd' } },
      /received a redirect of GET to file:/,
    ],
    ['a circle', { status: 302, headers: { location: '?again' } }, /more than 10 redirects/],
  ])('and answers with %s is refused', async (_, fault, message) => {
    place.hub.add('model', 'owner/name', MODEL);
    place.hub.fault = ({ path }) => (path.includes('/api/') ? fault : undefined);
    expect(await failure(pull())).toMatch(message);
  });
});

describe('a token', () => {
  it('goes to the hub and nowhere else', async () => {
    place.hub.add('model', 'owner/name', MODEL).token = 'hf_owner';
    await pull({ settings: place.settings({ token: 'hf_owner' }) });
    const sent = new Set(place.hub.asked.map(({ at, authorization }) => `${at} ${authorization}`));
    expect(sent).toEqual(new Set(['hub Bearer hf_owner', 'cdn undefined']));
  });

  it('does not follow a list of files to another place', async () => {
    const elsewhere = place.hub.cdnUrl;
    place.hub.add('model', 'owner/name', MODEL).token = 'hf_owner';
    place.hub.fault = ({ at, path }) =>
      at === 'hub' && path.includes('/tree/')
        ? { status: 200, body: '[]', headers: { link: `<${elsewhere}/api/next>; rel="next"` } }
        : undefined;
    expect(await failure(pull({ settings: place.settings({ token: 'hf_owner' }) }))).not.toContain(
      'hf_owner',
    );
    expect(
      place.hub.asked.filter(({ at }) => at === 'cdn').map(({ authorization }) => authorization),
    ).toEqual([undefined]);
  });
});

describe('several at once', () => {
  it('download a file once', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    const all = await Promise.all(Array.from({ length: 4 }, () => pull()));
    for (const { paths } of all) expectWhole(paths);
    expect(starts()).toEqual([0]);
  });

  it('wait for a process that is at it, and say so', async () => {
    place.hub.add('model', 'owner/name', MODEL);
    const repository = place.hub.repositories.get('models/owner/name')!;
    const files = repository.listing(repository.commitOf('main')!);
    const etag = files.find(({ path }) => path === 'model.safetensors')!.lfs!.oid;
    const locks = join(place.cache, '.locks/models--owner--name');
    mkdirSync(locks, { recursive: true });
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(join(locks, `${etag}.selfjudge.1`), JSON.stringify({ pid: process.ppid, started }));
    const stop = new AbortController();
    const notes: string[] = [];
    const waiting = pull({ signal: stop.signal, onNote: (line) => (notes.push(line), stop.abort()) });
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(notes).toEqual([
      `model.safetensors is being downloaded by process ${process.ppid}: waiting for it`,
    ]);
    expect(starts()).toEqual([]);
  });
});
