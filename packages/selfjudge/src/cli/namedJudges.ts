import { ConfigError } from '@selfjudge/base';
import { expandHome, shownPath } from '@selfjudge/base/internal';
import { isAddress, snakeCase } from '../config/index.js';
import { isEnsembleFile, readEnsemble } from '../models/ensembleFile.js';
import type { AskedOptions } from './askedJudge.js';

/** The word for a person at this terminal. */
const TERMINAL = 'terminal';

/** A judge that was named, and is not looked for yet. */
export type NamedJudge =
  { kind: 'path'; name: string } | { kind: 'endpoint'; endpoint: string; model: string } | { kind: 'person' };

export interface NamedJudges {
  judges: NamedJudge[];
  /** Of their votes, where a file of several says so. */
  weights?: number[];
}

type Naming = Pick<AskedOptions, 'judge' | 'modelNameOrPath' | 'judgeEndpoint' | 'adapter' | 'cache'> & {
  explain?: boolean;
};

/**
 * Who judges, by `--judge`, or by `-m` and `--judge_endpoint`.
 * @throws ConfigError for nobody, two ways at once, and what goes with one model alone
 */
export function namedJudges(options: Naming): NamedJudges {
  const { judge: names, modelNameOrPath: model, judgeEndpoint: endpoint } = options;
  if (names === undefined) {
    if (model === undefined)
      throw new ConfigError({
        key: 'judge',
        expected: 'who judges (--judge, or -m MODEL)',
        received: 'nothing',
      });
    return { judges: [endpoint === undefined ? atPath(model) : { kind: 'endpoint', endpoint, model }] };
  }
  for (const key of ['modelNameOrPath', 'judgeEndpoint', 'adapter'] as const)
    if (options[key] !== undefined)
      throw new ConfigError({
        key: snakeCase(key),
        expected:
          'nothing beside judge, which names who judges: an adapter by its folder, an endpoint as URL#MODEL',
        received: options[key],
      });
  const [first] = names;
  const { judges: words, weights } =
    names.length === 1 && isEnsembleFile(first) ? readEnsemble(first) : { judges: names };
  const judges = words.map(named);
  const [only, ...more] = judges;
  if (more.length > 0 && judges.some(({ kind }) => kind === 'person'))
    throw new ConfigError({
      key: 'judge',
      expected: `${TERMINAL} alone: what a person said into a file is a judge among others`,
      received: words.join(', '),
    });
  if (options.explain && (more.length > 0 || only.kind !== 'path'))
    throw new ConfigError({ key: 'explain', expected: 'one model that judges', received: words.join(', ') });
  if (options.cache !== undefined && (more.length > 0 || only.kind === 'person'))
    throw new ConfigError({
      key: 'cache',
      expected: 'one judge that is no person: it keeps the verdicts of one',
      received: words.join(', '),
    });
  return { judges, weights };
}

/** Who judges, as a person named it. */
export function judgeName({ judge, modelNameOrPath, judgeEndpoint }: Naming): string {
  if (judge !== undefined) return judge.map(shownPath).join(' + ');
  return judgeEndpoint === undefined ? shownPath(modelNameOrPath!) : modelNameOrPath!;
}

function named(word: string): NamedJudge {
  if (word === TERMINAL) return { kind: 'person' };
  if (isEnsembleFile(word))
    throw new ConfigError({
      key: 'judge',
      expected: 'a file of several judges alone, and none in another',
      received: word,
    });
  if (!isAddress(word)) return atPath(expandHome(word));
  const [endpoint, model = ''] = word.split('#', 2);
  if (model !== '') return { kind: 'endpoint', endpoint, model: decodeURIComponent(model) };
  throw new ConfigError({
    key: 'judge',
    expected: 'the address of an endpoint with what it calls its model: URL#MODEL',
    received: word,
  });
}

const atPath = (name: string): NamedJudge => ({ kind: 'path', name });
