import { parseHubName } from '@selfjudge/base/internal';
import type { NamedSplit } from './dataFiles.js';
import { adapterPlace, dataPlace, judgePlace, modelPlace, type Place, type PlaceHooks } from './places.js';

/** Options that may hold names on the hub. */
export interface PlaceOptions {
  modelNameOrPath?: string;
  adapter?: string;
  judge?: string;
  baseline?: string;
  outsideJudge?: string;
  start?: string;
  datasetName?: string[];
}

/** Names on the hub as they were written, each with what it meant: names with commits. */
export type MeantNames = Record<string, string[]>;

const PLACES = {
  modelNameOrPath: modelPlace,
  adapter: adapterPlace,
  judge: judgePlace,
  baseline: modelPlace,
  outsideJudge: judgePlace,
  start: modelPlace,
} as const;

/** Whether names are what another meant before: of its repository, where it is no path by now. */
function isOf(text: string, names: readonly string[] = []): boolean {
  const id = idOf(text);
  return id !== undefined && names.length > 0 && names.every((name) => idOf(name) === id);
}

function idOf(text: string): string | undefined {
  try {
    return parseHubName(text, 'model')?.id;
  } catch {
    return undefined; // said when it is looked for
  }
}

/**
 * The options with paths of this machine in the place of names on the hub.
 * @param before what names meant that mean the same now
 * @throws HubError
 */
export async function located<T extends PlaceOptions>(
  options: T,
  hooks: PlaceHooks = {},
  { wanted, before = {} }: { wanted?: NamedSplit; before?: MeantNames } = {},
): Promise<{ options: T; names: MeantNames }> {
  const names: MeantNames = {};
  const found: PlaceOptions = {};
  const paths = async (text: string, place: (text: string) => Promise<Place>): Promise<string[]> => {
    const meant = isOf(text, before[text]) ? before[text] : [text];
    const places: Place[] = [];
    for (const one of meant) places.push(await place(one));
    if (places.some((one) => one.names !== undefined))
      names[text] = places.flatMap((one) => one.names ?? one.paths);
    return places.flatMap((one) => one.paths);
  };
  for (const [key, place] of Object.entries(PLACES) as [keyof typeof PLACES, typeof modelPlace][]) {
    const text = options[key];
    if (text !== undefined) [found[key]] = await paths(text, (one) => place(one, hooks));
  }
  if (options.datasetName !== undefined) {
    found.datasetName = [];
    for (const text of options.datasetName)
      found.datasetName.push(...(await paths(text, (one) => dataPlace(one, wanted, hooks))));
  }
  return { options: { ...options, ...found }, names };
}
