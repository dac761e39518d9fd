import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';

import { FileFormatError, readJsonObject } from '@selfjudge/base';
import { cachedPath, formatHubName, hubNameOf, parseHubName, type HubName } from '@selfjudge/base/internal';
import { adapterBase } from './adapterFiles.js';
import type { Warn } from './checkTensors.js';
import { findModel, type FoundModel } from './paths.js';

/**
 * The model that an adapter folder names as its base. A relative name is looked for from the working folder, as PEFT does,
 * and then from the adapter's folder and those it lies in, so that a project may be moved, or used from elsewhere. A name
 * of the hub is what its cache has. Where nothing is found, a model in the adapter's own folder is its base; it goes before
 * the hub's cache, which is not there to decide.
 *
 * @throws FileFormatError where there is none
 */
export function baseOf({ path: folder, holdsModel }: FoundModel, warn: Warn): FoundModel {
  const name = adapterBase(folder);
  const find = holdsModel === true ? localPath : namedPath;
  const path = name === undefined ? undefined : find(name, folder, warn);
  const own: FoundModel = { kind: 'folder', path: folder };
  if (path !== undefined && resolve(path) !== resolve(folder)) {
    if (holdsModel === true)
      warn(`${folder}: the model beside the adapter is not used: the adapter names ${path} as its base`);
    const found = findModel(path);
    if (found.kind !== 'adapter') return found;
    if (found.holdsModel === true) return { kind: 'folder', path: found.path };
    throw new FileFormatError({
      path: join(folder, 'adapter_config.json'),
      expected: 'base_model_name_or_path a model',
      received: `an adapter, ${found.path}`,
      advice: `Merge that one into its base first: loadModel('${found.path}'), then save('MERGED', { merge: true }).`,
    });
  }
  if (holdsModel === true) return own;
  throw new FileFormatError({
    path: join(folder, 'adapter_config.json'),
    expected: 'base_model_name_or_path a model on this machine',
    received: name ?? 'none',
    advice: `Give the base beside the adapter (-m BASE --adapter ${folder}), or write its path into base_model_name_or_path.`,
  });
}

/** Where a named base lies, in the hub's cache too, or undefined. */
export function namedPath(name: string, folder: string, warn: Warn = () => {}): string | undefined {
  const hub = localPath(name, folder, warn) ?? hubBase(folder);
  return typeof hub === 'object' ? cachedPath(hub) : hub;
}

/**
 * The name on the hub that an adapter folder gives its base, with the revision beside it, as PEFT reads both; undefined where
 * it names none or something that is here.
 */
export function hubBase(folder: string): HubName | undefined {
  const name = adapterBase(folder);
  if (name === undefined || localPath(name, folder) !== undefined) return undefined;
  const path = join(folder, 'adapter_config.json');
  const { revision } = readJsonObject(path);
  try {
    const hub = parseHubName(name, 'model');
    return hub && { ...(typeof revision === 'string' && revision !== '' && { revision }), ...hub };
  } catch (error) {
    throw new FileFormatError({ path, expected: (error as RangeError).message, received: name });
  }
}

/** Where a name that is no hub's lies, from the working folder, from another, or from those that it lies in; or undefined. */
export function localPath(name: string, folder: string, warn: Warn = () => {}): string | undefined {
  if (isAbsolute(name)) return existsSync(name) ? name : undefined;
  const nearby = above(name, folder);
  if (!existsSync(name)) return nearby;
  if (nearby !== undefined && resolve(nearby) !== resolve(name))
    warn(`${folder}: ${name} is both ${resolve(name)} and ${nearby}: the first is taken for the base`);
  return name;
}

/**
 * The name of a base to be written into an adapter's folder: as it was given where it still means the same from there,
 * else the whole path. So what was relative survives a move of both, and nothing is named that cannot be found. What lies
 * in the hub's cache has its name there, and its commit, so that it is found on other machines too.
 */
export function nameFrom(folder: string, name: string, path: string): { name: string; revision?: string } {
  const hub = hubNameOf(path);
  if (hub === undefined) return { name: localName(folder, name, path) };
  const { revision, ...named } = hub;
  return { name: formatHubName(named), ...(revision !== undefined && { revision }) };
}

function localName(folder: string, name: string, path: string): string {
  const fromElsewhere = isAbsolute(name) || normalize(name).startsWith('..');
  return fromElsewhere || above(name, folder) !== path ? path : name;
}

/** A relative name in a folder or in one of those that it lies in. */
function above(name: string, folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, name);
    if (existsSync(path)) return path;
    if (at === dirname(at)) return undefined;
  }
}
