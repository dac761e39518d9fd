import { HubError } from '@selfjudge/base';
import { parseHubName, type HubName } from '@selfjudge/base/internal';
import { findModel, hubBase } from '@selfjudge/engine/internal';
import type { NamedSplit } from './dataFiles.js';
import { pullData, pullModel, type PullHooks } from './pull.js';

export type PlaceHooks = PullHooks;

/** Where what a text means lies on this machine. */
export interface Place {
  paths: string[];
  /** Of what the hub has, a name with its commit for each path. */
  names?: string[];
}

/** A model's place: a path as it is, a name on the hub once it is in the cache, each with the base that an adapter names. */
export async function modelPlace(text: string, hooks: PlaceHooks = {}): Promise<Place> {
  const place = await adapterPlace(text, hooks);
  await ensureBase(place.paths[0], hooks);
  return place;
}

/** The same of an adapter that is put on a model whatever base it names. */
export async function adapterPlace(text: string, hooks: PlaceHooks = {}): Promise<Place> {
  const name = nameOf(text, 'model');
  if (name === undefined) return { paths: [text] };
  if (name.type === 'dataset') throw wrongKind(text, 'a model', 'a data set');
  return told(text, await pullModel(name, orPath(text, hooks)), hooks);
}

/** Who judges: a model, or a file of judgments. */
export async function judgePlace(text: string, hooks: PlaceHooks = {}): Promise<Place> {
  const isData = nameOf(text, 'model')?.type === 'dataset';
  return isData ? dataPlace(text, undefined, hooks) : modelPlace(text, hooks);
}

/** Files of rows. @param wanted the split that is read where a data set has several files; undefined for one file alone */
export async function dataPlace(
  text: string,
  wanted: NamedSplit | undefined,
  hooks: PlaceHooks = {},
): Promise<Place> {
  const name = nameOf(text, 'dataset');
  if (name === undefined) return { paths: [text] };
  if (name.type === 'model')
    throw wrongKind(text, `a data set (hf://datasets/${name.id})`, 'the name of a model');
  return told(text, await pullData(name, wanted, orPath(text, hooks)), hooks);
}

/** The base that an adapter names has to be on this machine before it is opened. What is no model says so then. */
async function ensureBase(path: string, hooks: PlaceHooks): Promise<void> {
  let base: HubName | undefined;
  try {
    const { kind, path: folder, holdsModel } = findModel(path);
    if (kind === 'adapter' && holdsModel !== true) base = hubBase(folder);
  } catch {
    return;
  }
  if (base !== undefined) await pullModel(base, hooks);
}

function nameOf(text: string, type: HubName['type']): HubName | undefined {
  try {
    return parseHubName(text, type);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HubError({ asked: text, expected: error.message, received: text });
  }
}

const orPath = (text: string, hooks: PlaceHooks): PlaceHooks => ({
  ...hooks,
  orPath: !text.startsWith('hf://'),
});

const wrongKind = (asked: string, expected: string, received: string): HubError =>
  new HubError({ asked, expected, received });

/** Nobody should have to guess what a name meant. */
function told(
  text: string,
  { paths, names, commit }: Place & { commit: string },
  { onNote }: PlaceHooks,
): Place {
  if (!text.includes(commit)) {
    const files = paths.length > 1 ? `, ${paths.length} files` : '';
    onNote?.(`${text} of the hub is commit ${commit}${files}`);
  }
  return { paths, names };
}
