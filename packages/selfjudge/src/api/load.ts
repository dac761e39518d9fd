import { check, path as isPath } from '@selfjudge/base/checks';
import * as data from '@selfjudge/data';
import type {
  Dataset,
  LabelledRow,
  LoadRowsOptions,
  PreferencePair,
  PromptRow,
  SftExample,
} from '@selfjudge/data';
import { dataPlace } from '../hub/places.js';

// The loaders of `data`, which names on the hub may be given to too: hf://datasets/OWNER/NAME[@REVISION][/FILE], or
// OWNER/NAME[@REVISION] where nothing of that name is here.

/** Preferences of a file of rows, or of a data set on the hub. @throws DataError when none is left, HubError */
export const loadPreferences = loader<PreferencePair>('loadPreferences', data.loadPreferences);
/** Examples to imitate, from the same places. @throws DataError when none is left, HubError */
export const loadSftExamples = loader<SftExample>('loadSftExamples', data.loadSftExamples);
/** Answers with labels, from the same places. @throws DataError when none is left, HubError */
export const loadLabelled = loader<LabelledRow>('loadLabelled', data.loadLabelled);
/** Prompts, from the same places. @throws DataError when none is left, HubError */
export const loadPrompts = loader<PromptRow>('loadPrompts', data.loadPrompts);

type Load<T> = (path: string, options?: LoadRowsOptions) => Promise<Dataset<T>>;

function loader<T>(where: string, load: Load<T>): Load<T> {
  return async (path, options) => {
    check(where, { path }, { path: isPath });
    const { paths } = await dataPlace(path, undefined);
    if (paths.length === 1) return load(paths[0], options);
    const sets: Dataset<T>[] = [];
    for (const shard of paths) sets.push(await load(shard, options));
    return {
      rows: sets.flatMap(({ rows }) => rows).slice(0, options?.limit),
      issues: sets.flatMap(({ issues }) => issues),
      read: sets.reduce((sum, { read = 0 }) => sum + read, 0),
    };
  };
}
