import { ArgumentError } from '@selfjudge/base';
import {
  abortSignal,
  callback,
  check,
  flag,
  optional,
  options as optionsOf,
  path as isPath,
  text,
} from '@selfjudge/base/checks';
import { parseHubName, revisionFault, type HubName } from '@selfjudge/base/internal';
import { pullData, pullModel } from '../hub/pull.js';
import { pushFolder, type Pushed } from '../hub/push.js';

export interface HubOptions {
  /** A branch, a tag or a commit; of `push` a branch. Default main. */
  revision?: string;
  /** Bytes of all files, as far as they are here, or there. */
  onProgress?(done: number, total: number): void;
  /** What is worth knowing: the commit that a name means, files that are left out. */
  onNote?(line: string): void;
  /** Ends the work; what was downloaded stays. The call rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface PushOptions extends HubOptions {
  /** Whether everybody may see a repository that is made for it. Default false. */
  public?: boolean;
  /** What the commit is called. */
  message?: string;
}

/** What was pulled. */
export interface PullResult {
  /** The folder of a model; the file, or the first of the files, of a GGUF model or of data. */
  path: string;
  paths: string[];
  commit: string;
  files: number;
  bytes: number;
}

const hooks = {
  revision: optional(text),
  onProgress: optional(callback),
  onNote: optional(callback),
  signal: optional(abortSignal),
};
const pullOptions = optionsOf(hooks);
const pushOptions = optionsOf({ ...hooks, public: optional(flag), message: optional(text) });

/**
 * Downloads a model or adapter of the hub, or a data set's files of rows, into the cache that it shares with huggingface_hub;
 * what is there is not downloaded again. Every path of this package may be such a name: this one shows its progress.
 *
 * @param name OWNER/NAME, OWNER/NAME/FILE.gguf, hf://datasets/OWNER/NAME[/FILE]; each may have @REVISION after NAME
 * @throws HubError, FileSystemError
 */
export async function pull(name: string, options: HubOptions = {}): Promise<PullResult> {
  check('pull', { name, options }, { name: text, options: pullOptions });
  const { revision, ...rest } = options;
  const hub = hubName(name, 'pull');
  if (revision !== undefined) hub.revision = checkedRevision(revision, hub, 'pull');
  const pulled = hub.type === 'dataset' ? await pullData(hub, undefined, rest) : await pullModel(hub, rest);
  const { paths, commit, files, bytes } = pulled;
  return { path: paths[0], paths, commit, files, bytes };
}

/**
 * Uploads a model, an adapter, or the result of a run, into a repository of the hub that is made where there is none.
 *
 * @throws FileFormatError for a folder that holds none of these, HubError
 */
export async function push(folder: string, name: string, options: PushOptions = {}): Promise<Pushed> {
  check('push', { folder, name, options }, { folder: isPath, name: text, options: pushOptions });
  const { revision, ...rest } = options;
  const hub = hubName(name, 'push');
  if (hub.type === 'dataset' || hub.file !== undefined)
    throw wrongName('push', 'the name of a model on the hub, OWNER/NAME[@BRANCH]', name);
  const branch = revision === undefined ? hub.revision : checkedRevision(revision, hub, 'push');
  return pushFolder(folder, hub, { ...rest, ...(branch !== undefined && { revision: branch }) });
}

/** A name, whatever lies here of the same one. */
function hubName(name: string, where: string): HubName {
  try {
    const hub = parseHubName(name.startsWith('hf://') ? name : `hf://${name}`, 'model');
    if (hub !== undefined) return hub;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw wrongName(where, 'OWNER/NAME, OWNER/NAME/FILE.gguf or hf://datasets/OWNER/NAME[/FILE]', name);
}

function checkedRevision(revision: string, { revision: named }: HubName, where: string): string {
  const fault = named !== undefined && named !== revision ? `none beside @${named}` : revisionFault(revision);
  if (fault === undefined) return revision;
  throw new ArgumentError('revision', { where, expected: fault, received: revision });
}

const wrongName = (where: string, expected: string, received: string): ArgumentError =>
  new ArgumentError('name', { where, expected, received });
