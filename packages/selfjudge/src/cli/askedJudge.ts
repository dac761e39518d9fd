import { ConfigError } from '@selfjudge/base';
import type { AnswerPair, PromptFormat } from '@selfjudge/data';
import type { Judge, TokenJudge, Verdict } from '@selfjudge/judging';
import { fromScorer, loadJudgeTemplate, type Explanation } from '@selfjudge/judging/internal';
import { ranksOfProcess, shareOut } from '@selfjudge/engine/internal';
import type { VerbOptions } from '../config/index.js';
import { EndpointJudge } from '../endpoint/endpointJudge.js';
import { KEY } from '../endpoint/exchange.js';
import { explainRows, judgeOf } from '../inference/judge.js';
import {
  anyPathFingerprint,
  fingerprintOfJudge,
  judgeOrigin,
  modelOf,
  type OpenedJudge,
  type RowsOrigin,
} from '../models/judgeOrigin.js';
import type { InputRow } from '../rows/rows.js';
import { endpointOrigin, fingerprintOfRows } from './judgeOrigin.js';
import type { RowOptions } from './modelFlags.js';
import type { PersonJudge } from './person/personJudge.js';

export type JudgeOptions = VerbOptions<'judge'> & Omit<RowOptions, 'modelNameOrPath'>;
/** What decides who is asked and how; not what becomes of the verdicts. */
export type AskedOptions = Omit<
  JudgeOptions,
  | 'by'
  | 'writePairs'
  | 'ranking'
  | 'calibrate'
  | 'lengthControlled'
  | 'calibration'
  | 'tieThreshold'
  | 'leastMass'
>;

/** Who is asked about rows, and what decides what it says. */
export interface AskedJudge {
  judge: Judge;
  origin: RowsOrigin;
  /** Of all that its verdicts are a function of, to the bit. */
  fingerprint: string;
  /** The same on whatever kernel path: of its verdicts to rounding. */
  anyPath: string;
  /** Where its weights lie: a folder or a file. */
  weights?: string;
  /** Of a model that judges, its context in tokens. */
  maxPositions?: number;
  /** A person, who is asked one pair after the other and may take an answer back. */
  person?: PersonJudge;
  /** Of a model that judges by a token: what was asked of it so far, and what was computed. */
  work?(): TokenJudge['work'];
  /** Reasons for the verdicts on some rows, a list a row; none where they are not asked for. */
  explain(
    rows: readonly InputRow<AnswerPair>[],
    results: readonly InputRow<Verdict>[],
    signal: AbortSignal,
  ): Promise<(Explanation | undefined)[][]>;
  /** Frees what was opened for it. */
  dispose(): void;
}

/** What a judge is asked about, and how. */
export interface AskedAbout {
  rows: readonly InputRow<unknown>[];
  options: AskedOptions;
  /** What a string prompt is. */
  format: PromptFormat;
  /** Told what is worth knowing while it is asked. */
  say(line: string): void;
}

/**
 * A model that is open, as judge of rows.
 * @throws ConfigError where reasons are asked of one that learnt none
 */
export function askedModel(opened: OpenedJudge, { rows, options, format }: AskedAbout): AskedJudge {
  const { judgeTemplate, judgeReasoning, explain, maxNewTokens, adapter } = options;
  const token = 'reward' in opened ? undefined : judgeOf(opened, judgeTemplate, judgeReasoning);
  if (explain && token?.template.rationale === undefined)
    throw new ConfigError({
      key: 'explain',
      expected: 'a model that judges by a judge template with a rationale (--judge_template rationale)',
      received: token === undefined ? 'a reward model' : `the judge template ${token.template.name}`,
    });
  const explained = explain ? maxNewTokens : undefined;
  const origin = judgeOrigin(
    { opened, adapter, template: token?.template, format, explained },
    fingerprintOfRows(rows),
  );
  return {
    judge: 'reward' in opened ? fromScorer(opened.scorer) : token!,
    origin,
    ...fingerprintsOf(origin, opened.tokenizer),
    weights: opened.path,
    maxPositions: modelOf(opened).config.maxPositions,
    ...(token !== undefined && { work: () => token.work }),
    explain: async (judged, results, signal) => {
      if (!explain) return [];
      const said = judged.map((row, i) => ({ row, result: results[i] }));
      return shareOut(ranksOfProcess(), said, (part) => {
        const [own, verdicts] = [part.map(({ row }) => row), part.map(({ result }) => result)];
        return explainRows(token!, own, verdicts, { maxNewTokens, signal });
      });
    },
    dispose: () => opened.dispose(),
  };
}

export const fingerprintsOf = (origin: RowsOrigin, tokenizer?: OpenedJudge['tokenizer']) => ({
  fingerprint: fingerprintOfJudge(origin, tokenizer),
  anyPath: anyPathFingerprint(origin, tokenizer),
});

/** Of a judge that gives no reasons and holds nothing. */
export const WITHOUT_WEIGHTS = { explain: async () => [], dispose: () => {} };

/** How long an endpoint is waited for: a call that takes longer than this is one that hangs. */
const PATIENCE = { tries: 4, firstWait: 1000, longestWait: 60_000, silence: 60_000 };

/** A model behind an endpoint, as judge of rows. */
export function askedEndpoint(
  { endpoint, model }: { endpoint: string; model: string },
  { rows, options, format, say }: AskedAbout,
): AskedJudge {
  const { judgeTemplate, judgeReasoning, judgeCalls, judgeConcurrency } = options;
  const named = judgeTemplate === 'auto' ? 'plain' : judgeTemplate;
  const loaded = loadJudgeTemplate(named);
  const template = judgeReasoning === 'auto' ? loaded : { ...loaded, reasoning: judgeReasoning };
  const key = process.env[KEY];
  if (key && !/^(https:|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/])/.test(endpoint))
    say(`warning: ${KEY} goes to ${endpoint} without encryption`);
  const judge = new EndpointJudge({
    endpoint: endpoint.replace(/\/+$/, ''),
    model,
    template,
    ...(key && { key }),
    calls: judgeCalls,
    concurrency: judgeConcurrency,
    patience: PATIENCE,
    onNote: (line) => say(`note: ${line}`),
  });
  const origin = endpointOrigin({ endpoint, model, template }, format, rows);
  return { judge, origin, ...fingerprintsOf(origin), ...WITHOUT_WEIGHTS };
}
