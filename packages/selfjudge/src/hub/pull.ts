import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HubError } from '@selfjudge/base';
import {
  cachedCommit,
  COMMIT,
  formatHubName,
  MAIN,
  repositoryFolder,
  snapshotFolder,
  type HubName,
} from '@selfjudge/base/internal';
import { Connection } from './connection.js';
import { dataFiles, type NamedSplit } from './dataFiles.js';
import { UnreachableError } from './failure.js';
import { filesIn } from './folderFiles.js';
import { listed } from './listed.js';
import { ggufFiles, modelFiles, shardsIn } from './modelFiles.js';
import { commitOf, filesOf, keep, keptFiles, type RepositoryFile } from './repositoryFiles.js';
import { hubSettings, pageOf, type HubSettings } from './settings.js';
import { fetchFiles, missing, type TransferHooks } from './snapshot.js';

export interface PullHooks extends TransferHooks {
  signal?: AbortSignal;
  /** Default: what the environment says. */
  settings?: HubSettings;
  /** Whether the name stands where a path may stand: errors say that none of that name is here. */
  orPath?: boolean;
}

/** What was pulled, on this machine. */
export interface Pulled {
  /** The folder of a model, or the files that were asked for. */
  paths: string[];
  /** The names of `paths`, with the commit. */
  names: string[];
  commit: string;
  /** Files of it, and their bytes, whether they were here before or not. */
  files: number;
  bytes: number;
}

/**
 * Sees to it that a model, an adapter or a GGUF file of the hub is in the cache. Only what it is opened from is downloaded.
 * @throws HubError, FileSystemError, the signal's reason
 */
export async function pullModel(name: HubName, hooks: PullHooks = {}): Promise<Pulled> {
  const { file } = name;
  const text = formatHubName(name);
  if (file !== undefined && !/\.gguf$/i.test(file))
    throw new HubError({ asked: text, expected: 'a repository, or a file NAME.gguf in it', received: file });
  return pull(name, hooks, async (all, ensure) => {
    if (file !== undefined) return { files: ggufFiles(all, file, text), meant: [file] };
    const { files, indexes } = modelFiles(all, text);
    const folder = await ensure(indexes);
    const shards = indexes.flatMap(({ path }) =>
      shardsIn(readFileSync(join(folder, path), 'utf8'), all, text),
    );
    return { files: [...files, ...shards], meant: [undefined] };
  });
}

/**
 * The same of a data set's files of rows.
 * @param wanted the split that is read where there are several files
 */
export async function pullData(name: HubName, wanted?: NamedSplit, hooks: PullHooks = {}): Promise<Pulled> {
  return pull(name, hooks, async (all) => {
    const files = dataFiles(all, { ...name, text: formatHubName(name) }, wanted);
    return { files, meant: files.map(({ path }) => path) };
  });
}

/** Of all files of a commit those that are needed, and those of them that were meant; the folder itself is `undefined`. */
type Choose = (
  all: readonly RepositoryFile[],
  ensure: (files: readonly RepositoryFile[]) => Promise<string>,
) => Promise<{ files: RepositoryFile[]; meant: (string | undefined)[] }>;

async function pull(
  name: HubName,
  { signal, settings, orPath, ...hooks }: PullHooks,
  choose: Choose,
): Promise<Pulled> {
  const place = settings ?? hubSettings();
  const text = formatHubName(name);
  const { onNote = () => {} } = hooks;
  const asked = { ...name, name: text, page: pageOf(place, name), orPath };
  const connection = new Connection(place, asked, signal, onNote);
  const found = await commitFor(name, connection, onNote);
  const { commit } = found;
  const folder = snapshotFolder(place.cache, name, commit);
  let isAsked = found.isAsked;
  const listing = async () => {
    if (!isAsked) return keptFiles(place.cache, name, commit) ?? filesIn(folder);
    try {
      return await filesOf(name, commit, connection);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      isAsked = false;
      return filesIn(folder);
    }
  };
  const ensure = async (files: readonly RepositoryFile[], of: TransferHooks = {}) => {
    const lacking = missing(folder, files).map(({ path }) => path);
    if (lacking.length === 0) return folder;
    if (isAsked) return fetchFiles(name, commit, files, connection, of);
    throw notHere(text, connection, listed(lacking));
  };
  const all = await listing();
  if (all.length === 0 && !isAsked) throw notHere(text, connection, `commit ${commit}`);
  const { files, meant } = await choose(all, ensure);
  await ensure(files, hooks);
  const { revision = MAIN } = name;
  const known = cachedCommit(place.cache, name);
  if (known !== commit) keep(join(repositoryFolder(place.cache, name), 'refs', revision), commit);
  return {
    paths: meant.map((path) => (path === undefined ? folder : join(folder, path))),
    names: meant.map((file) => formatHubName({ ...name, revision: commit, file })),
    commit,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
  };
}

/**
 * The commit that a name means: its own, the one of today, or where nobody can be asked the one of the last time.
 * @returns isAsked: whether the hub may be asked for files
 */
async function commitFor(
  name: HubName,
  connection: Connection,
  onNote: (line: string) => void,
): Promise<{ commit: string; isAsked: boolean }> {
  const { revision = MAIN, id } = name;
  const { offline, cache } = connection.settings;
  if (COMMIT.test(revision)) return { commit: revision, isAsked: !offline };
  const before = cachedCommit(cache, name);
  const text = connection.asked.name;
  if (offline) {
    if (before === undefined) throw notHere(text, connection, `${id} at ${revision}`);
    return { commit: before, isAsked: false };
  }
  try {
    return { commit: await commitOf(name, connection), isAsked: true };
  } catch (error) {
    if (before === undefined || !(error instanceof UnreachableError)) throw error;
    onNote(`${text}: ${error.details.received as string}; commit ${before} of the last time is used`);
    return { commit: before, isAsked: false };
  }
}

function notHere(text: string, { settings }: Connection, lacking: string): HubError {
  const reason = settings.offline ? 'HF_HUB_OFFLINE is set' : 'the hub does not answer';
  return new HubError({
    asked: text,
    expected: `it in ${settings.cache}, as ${reason}`,
    received: `no ${lacking}`,
    advice: settings.offline
      ? `without HF_HUB_OFFLINE, selfjudge pull ${text} downloads it`
      : `selfjudge pull ${text} downloads it`,
  });
}
