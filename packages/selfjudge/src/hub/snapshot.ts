import { lstatSync, mkdirSync, rmSync, statfsSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileSystemError, HubError, makeFolder } from '@selfjudge/base';
import {
  ProcessLock,
  repositoryFolder,
  repositoryName,
  snapshotFolder,
  type HubName,
} from '@selfjudge/base/internal';
import type { Connection } from './connection.js';
import { download, partOf } from './download.js';
import type { RepositoryFile } from './repositoryFiles.js';
import { pageOf } from './settings.js';

/** Files under way at once. */
const AT_ONCE = 4;
/** Milliseconds between looks at a lock that another process has. */
const LOOK = 200;

export interface TransferHooks {
  onNote?(line: string): void;
  /** Bytes that are here, of all. */
  onProgress?(done: number, total: number): void;
}

/** Whether files of a commit are in its snapshot, by size. */
export function missing(folder: string, files: readonly RepositoryFile[]): RepositoryFile[] {
  return files.filter(({ path, size }) => {
    const stat = statSync(join(folder, path), { throwIfNoEntry: false });
    return stat === undefined || stat.size !== size;
  });
}

/**
 * Sees to it that files of a commit are in the cache, as huggingface_hub lays them out.
 * @returns the folder of the commit
 * @throws HubError, FileSystemError, the signal's reason; what has come so far stays and is not downloaded again
 */
export async function fetchFiles(
  name: Pick<HubName, 'type' | 'id'>,
  commit: string,
  files: readonly RepositoryFile[],
  connection: Connection,
  { onNote = () => {}, onProgress = () => {} }: TransferHooks = {},
): Promise<string> {
  const { cache } = connection.settings;
  const folder = snapshotFolder(cache, name, commit);
  const wanted = missing(folder, files);
  if (wanted.length === 0) return folder;
  const here = new Map<string, number>(files.map(({ path, size }) => [path, size]));
  for (const { path } of wanted) here.set(path, 0);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const at = (path: string, bytes: number) => {
    here.set(path, bytes);
    onProgress(
      [...here.values()].reduce((sum, one) => sum + one, 0),
      total,
    );
  };
  const repository = repositoryFolder(cache, name);
  makeFolder(join(repository, 'blobs'));
  makeFolder(join(cache, '.locks', repositoryName(name)));
  refuseFull(repository, wanted, connection);
  const queue = [...wanted];
  const ended = new AbortController();
  const stop = () => ended.abort(connection.signal?.reason);
  connection.signal?.addEventListener('abort', stop);
  const own = connection.with(ended.signal);
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift())
      await fetchFile(name, commit, file, own, onNote, at.bind(undefined, file.path));
  };
  try {
    connection.signal?.throwIfAborted();
    const workers = Array.from({ length: Math.min(AT_ONCE, queue.length) }, work);
    // The first that fails stops the others; all have ended when this does.
    workers.forEach((worker) => worker.catch((error: unknown) => ended.abort(error)));
    const [failure] = (await Promise.allSettled(workers)).filter(({ status }) => status === 'rejected');
    if (failure !== undefined) throw ended.signal.reason;
  } finally {
    connection.signal?.removeEventListener('abort', stop);
  }
  return folder;
}

async function fetchFile(
  name: Pick<HubName, 'type' | 'id'>,
  commit: string,
  file: RepositoryFile,
  connection: Connection,
  onNote: (line: string) => void,
  at: (bytes: number) => void,
): Promise<void> {
  const { settings, signal } = connection;
  const blob = join(repositoryFolder(settings.cache, name), 'blobs', file.etag);
  const url = `${pageOf(settings, name)}/resolve/${commit}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  const lock = await locked(
    join(settings.cache, '.locks', repositoryName(name), `${file.etag}.selfjudge`),
    (pid) => onNote(`${file.path} is being downloaded by process ${pid}: waiting for it`),
    signal,
  );
  try {
    const there = statSync(blob, { throwIfNoEntry: false });
    if (there?.size !== file.size) {
      if (there !== undefined) rmSync(blob);
      await download({ file, url, blob }, connection, at);
    }
    link(blob, join(snapshotFolder(settings.cache, name, commit), file.path));
    at(file.size);
  } finally {
    lock.release();
  }
}

/** One process at a time downloads a file. */
async function locked(
  path: string,
  onWait: (pid: number) => void,
  signal?: AbortSignal,
): Promise<ProcessLock> {
  for (let waits = 0; ; waits++) {
    const lock = ProcessLock.acquire(path);
    if (lock instanceof ProcessLock) return lock;
    if (waits === 0 && lock.pid !== process.pid) onWait(lock.pid);
    await sleep(LOOK, undefined, { signal });
  }
}

/** A link to a blob, relative, so that the cache can be moved. */
function link(blob: string, path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path);
    symlinkSync(relative(dirname(path), blob), path);
  } catch (error) {
    throw fileSystemError(path, 'a link in the cache', error);
  }
}

/** @throws HubError before anything is downloaded that does not fit */
function refuseFull(repository: string, files: readonly RepositoryFile[], { asked }: Connection): void {
  const had = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const blobs = new Map(files.map(({ etag, size }) => [join(repository, 'blobs', etag), size]));
  const bytes = [...blobs].reduce((sum, [blob, size]) => sum + size - had(blob) - had(partOf(blob)), 0);
  const { blocks, bavail, bsize } = statfsSync(repository);
  if (blocks === 0 || bytes <= bavail * bsize) return;
  throw new HubError({
    asked: asked.name,
    expected: `${bytes} bytes free for it in ${repository}`,
    received: `${bavail * bsize}`,
    advice: 'HF_HUB_CACHE names another place',
  });
}
