import { dirname, join } from 'node:path';
import { atomicWriteSync, HubError, isError, makeFolder, readJsonObject } from '@selfjudge/base';
import { COMMIT, fileNameFault, repositoryFolder, type HubName } from '@selfjudge/base/internal';
import type { Connection } from './connection.js';
import { harmlessText } from './failure.js';

/** A file of a repository at some commit. */
export interface RepositoryFile {
  /** With `/` between folders; nothing that leads out of a folder. */
  path: string;
  size: number;
  /** What its contents are called in the cache, and told by: SHA-256 of a large file, git's SHA-1 of others. */
  etag: string;
}

/** A commit's files as huggingface_hub keeps them in trees/COMMIT.json. */
interface Tree {
  format_version: 1;
  files: Record<string, TreeFile>;
}
interface TreeFile {
  size: number;
  blob_id: string;
  lfs_sha256?: string;
  lfs_size?: number;
  xet_hash?: string;
}

const MOST_FILES = 100_000;
const SHA1 = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** The commit that a name means now. @throws HubError */
export async function commitOf({ type, id, revision }: HubName, connection: Connection): Promise<string> {
  const { modelInfo, datasetInfo } = await import('@huggingface/hub');
  const { settings, fetch } = connection;
  const asked = { name: id, revision: revision ?? 'main', hubUrl: settings.endpoint, fetch };
  const { sha } = await understood(connection, async () =>
    type === 'dataset'
      ? datasetInfo({ ...asked, additionalFields: ['sha'] })
      : modelInfo({ ...asked, additionalFields: ['sha'] }),
  );
  if (typeof sha === 'string' && COMMIT.test(sha)) return sha;
  throw connection.strange('a commit of 40 hexadecimal digits', String(sha));
}

/** All files of a commit, which are kept for the next time. @throws HubError naming a file whose name is no path of ours */
export async function filesOf(
  name: HubName,
  commit: string,
  connection: Connection,
): Promise<RepositoryFile[]> {
  const { cache } = connection.settings;
  const kept = keptFiles(cache, name, commit);
  if (kept !== undefined) return kept;
  const { listFiles } = await import('@huggingface/hub');
  const { settings, fetch } = connection;
  const repo = { type: name.type, name: name.id };
  const tree: Tree = { format_version: 1, files: {} };
  await understood(connection, async () => {
    const asked = { repo, revision: commit, recursive: true, hubUrl: settings.endpoint, fetch };
    let count = 0;
    for await (const { type, path, size, oid, lfs, xetHash } of listFiles(asked)) {
      if (++count > MOST_FILES)
        throw connection.strange(`a list of at most ${MOST_FILES} files`, 'a longer one');
      if (type !== 'file') continue;
      tree.files[path] = {
        size: lfs?.size ?? size,
        blob_id: oid ?? '',
        ...(lfs !== undefined && { lfs_sha256: lfs.oid, lfs_size: lfs.size }),
        ...(typeof xetHash === 'string' && SHA256.test(xetHash) && { xet_hash: xetHash }),
      };
    }
  });
  const files = readable(tree, name.id);
  keep(treePath(cache, name, commit), `${JSON.stringify(tree, undefined, 1)}\n`);
  return files;
}

/** Writes what saves a question the next time. A cache that cannot be written to may have all that is wanted. */
export function keep(path: string, text: string): void {
  try {
    makeFolder(dirname(path));
    atomicWriteSync(path, text);
  } catch (error) {
    if (!isError(error, 'SJ_FILE_SYSTEM')) throw error;
  }
}

/** The files of a commit as they were listed before, by this program or by huggingface_hub; undefined where nobody did. */
export function keptFiles(
  cache: string,
  name: Pick<HubName, 'type' | 'id'>,
  commit: string,
): RepositoryFile[] | undefined {
  try {
    const tree: unknown = readJsonObject(treePath(cache, name, commit));
    return isTree(tree) ? readable(tree, name.id) : undefined;
  } catch {
    return undefined; // not there, or damaged: the hub is asked again
  }
}

const treePath = (cache: string, name: Pick<HubName, 'type' | 'id'>, commit: string): string =>
  join(repositoryFolder(cache, name), 'trees', `${commit}.json`);

/** @throws HubError for names that are no paths below a folder of ours, and for what is no listing */
function isTree(value: unknown): value is Tree {
  const { format_version, files } = fieldsOf(value);
  return (
    format_version === 1 &&
    Object.values(fieldsOf(files)).every((file) => {
      const { size, blob_id, lfs_sha256 } = fieldsOf(file);
      const named = lfs_sha256 === undefined || typeof lfs_sha256 === 'string';
      return typeof size === 'number' && typeof blob_id === 'string' && named;
    })
  );
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

function readable({ files }: Tree, id: string): RepositoryFile[] {
  return Object.entries(files).map(([path, { size, blob_id: blob, lfs_sha256: sha256 }]) => {
    const shown = harmlessText(JSON.stringify(path));
    const fault = fileNameFault(path);
    if (fault !== undefined)
      throw new HubError({
        asked: id,
        expected: 'files that can lie in a folder',
        received: `${shown}: ${fault}`,
        advice: 'nothing of this repository is taken',
      });
    const etag = sha256 ?? blob;
    const isGood = sha256 === undefined ? SHA1.test(blob) : SHA256.test(sha256);
    if (isGood && Number.isSafeInteger(size) && size >= 0) return { path, size, etag };
    throw new HubError({
      asked: id,
      expected: `size and hash of ${shown}`,
      received: harmlessText(`${size} bytes, ${etag}`),
    });
  });
}

/** `work` with the hub's client, which takes answers for what they should be. @throws HubError where they are not */
export async function understood<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { HubApiError, InvalidApiResponseFormatError } = await import('@huggingface/hub');
    const kinds = [SyntaxError, TypeError, HubApiError, InvalidApiResponseFormatError];
    if (!(error instanceof Error) || !kinds.some((kind) => error instanceof kind)) throw error;
    const { page } = connection.asked;
    throw connection.strange(`an answer of ${page} as the hub gives it`, error.message);
  }
}
