import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { expandHome } from '../files/userPath.js';
import { formatHubName, revisionFault, type HubName } from './hubName.js';

// The folder that huggingface_hub keeps what was downloaded in: models--OWNER--NAME/ and datasets--OWNER--NAME/, each with
// blobs/ETAG (contents), refs/REVISION (a commit), snapshots/COMMIT/FILE (links to blobs) and trees/COMMIT.json (all files
// of a commit). https://huggingface.co/docs/huggingface_hub/guides/manage-cache

/** A commit's full hash. */
export const COMMIT = /^[0-9a-f]{40}$/;
export const MAIN = 'main';

/** The home of Hugging Face's libraries. */
export function hubHome(env: NodeJS.ProcessEnv = process.env): string {
  const { HF_HOME, XDG_CACHE_HOME } = env;
  if (HF_HOME) return expandHome(HF_HOME);
  return join(XDG_CACHE_HOME ? expandHome(XDG_CACHE_HOME) : join(homedir(), '.cache'), 'huggingface');
}

/** The cache as huggingface_hub finds it. */
export function hubCache(env: NodeJS.ProcessEnv = process.env): string {
  const given = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  return given ? expandHome(given) : join(hubHome(env), 'hub');
}

/** The folder of a repository in the cache. */
export const repositoryFolder = (cache: string, { type, id }: Pick<HubName, 'type' | 'id'>): string =>
  join(cache, repositoryName({ type, id }));

export const repositoryName = ({ type, id }: Pick<HubName, 'type' | 'id'>): string =>
  `${type}s--${id.replace('/', '--')}`;

/** The commit that a name meant when it was last looked up; undefined where it never was. */
export function cachedCommit(cache: string, { revision = MAIN, ...name }: HubName): string | undefined {
  if (COMMIT.test(revision)) return revision;
  if (revisionFault(revision) !== undefined) return undefined;
  try {
    const commit = readFileSync(join(repositoryFolder(cache, name), 'refs', revision), 'utf8').trim();
    return COMMIT.test(commit) ? commit : undefined;
  } catch {
    return undefined; // nothing of that name
  }
}

/** The folder of a commit's files, whether it is there or not. */
export const snapshotFolder = (cache: string, name: Pick<HubName, 'type' | 'id'>, commit: string): string =>
  join(repositoryFolder(cache, name), 'snapshots', commit);

/** Where what a name means lies on this machine: its folder of files, or the file; undefined where it does not. */
export function cachedPath(name: HubName, cache = hubCache()): string | undefined {
  const commit = cachedCommit(cache, name);
  if (commit === undefined) return undefined;
  const path = join(snapshotFolder(cache, name, commit), name.file ?? '.');
  return existsSync(path) ? path : undefined;
}

/** A path as people know it: what lies in the cache by its name on the hub. */
export function shownPath(path: string): string {
  const hub = hubNameOf(path);
  return hub === undefined ? path : formatHubName(hub);
}

/** The name, with its commit, of what lies at a path of the cache; undefined for any other path. */
export function hubNameOf(path: string, cache = hubCache()): HubName | undefined {
  const [folder, snapshots, commit, ...file] = relative(resolve(cache), resolve(path)).split(sep);
  const [, type, owner, name] = /^(model|dataset)s--((?:(?!--).)+)--((?:(?!--).)+)$/.exec(folder) ?? [];
  if (type === undefined || snapshots !== 'snapshots' || !COMMIT.test(commit ?? '')) return undefined;
  return {
    type: type === 'dataset' ? 'dataset' : 'model',
    id: `${owner}/${name}`,
    revision: commit,
    ...(file.length > 0 && { file: file.join('/') }),
  };
}
