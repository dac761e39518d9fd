import { ConfigError } from '@selfjudge/base';
import { shownPath } from '@selfjudge/base/internal';
import type { PromptFormat, Text } from '@selfjudge/data';
import { DATA_FILE_NAME } from '@selfjudge/data/internal';
import { findModel, holdsReward, ranksOfProcess } from '@selfjudge/engine/internal';
import { adapterPlace, judgePlace, type PlaceHooks } from '../hub/places.js';
import { formatWarnings, openModel } from '../models/model.js';
import { openRewardModel } from '../models/rewardModel.js';
import { templateNotes } from '../models/templateSettings.js';
import { resolvePromptFormat } from '../models/trainingData.js';
import { judgedNotes } from '../rows/promptNotes.js';
import type { InputRow } from '../rows/rows.js';
import {
  askedEndpoint,
  askedModel,
  type AskedAbout,
  type AskedJudge,
  type AskedOptions,
} from './askedJudge.js';
import { askedPerson, askedRecorded, askedTogether } from './askedOthers.js';
import { withDownloads } from './downloads.js';
import { namedJudges, type NamedJudge } from './namedJudges.js';
import { placesOf } from './overRows.js';
import { terminalOfPerson } from './person/keyboard.js';
import type { Progress } from './progress.js';

/** Rows that are to be judged. */
export interface JudgedRows<In> {
  /** The files of the rows, as messages name them; names on the hub too. */
  files: readonly string[];
  /** @param paths of this machine, in the order of the files; @param promptFormat what a string prompt is */
  read(paths: readonly string[], promptFormat: PromptFormat): Promise<InputRow<In>[]>;
}

/** Reads rows and opens who judges them, whoever that is. They are closed after the work. */
export async function withJudge<In extends { prompt: Text }>(
  { files, read }: JudgedRows<In>,
  options: AskedOptions,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
  work: (rows: InputRow<In>[], asked: AskedJudge) => Promise<void>,
): Promise<void> {
  const { judges: named, weights } = namedJudges(options);
  assertAskedByRanks(named, options);
  const { paths, judges, adapter } = await withDownloads(signal, async (on) => ({
    paths: await placesOf(files, on),
    judges: await placed(named, on),
    adapter: options.adapter && (await adapterPlace(options.adapter, on)).paths[0],
  }));
  const format = formatFor(judges, options.promptFormat);
  const rows = await read(paths, format);
  const say = (line: string) => progress.say(line);
  for (const line of judgedNotes(rows.flatMap(({ value }) => (value === undefined ? [] : [value.prompt]))))
    say(`note: ${line}`);
  const about: AskedAbout = { rows, options: { ...options, adapter }, format, say };
  const members: AskedJudge[] = [];
  try {
    for (const judge of judges) members.push(await openedFor(judge, about));
    await work(rows, members.length === 1 ? members[0] : askedTogether(members, weights, about));
  } finally {
    progress.finish();
    for (const member of members) member.dispose();
  }
}

/** @throws ConfigError where several processes would ask who answers one */
function assertAskedByRanks(judges: readonly NamedJudge[], { judgeEndpoint }: AskedOptions): void {
  if (ranksOfProcess().size === 1 || judges.every(({ kind }) => kind === 'path')) return;
  throw new ConfigError({
    key: judgeEndpoint === undefined ? 'judge' : 'judge_endpoint',
    expected: 'one process: an endpoint is asked by judge_concurrency calls at a time, a person by one',
    received: 'several',
  });
}

async function placed(judges: readonly NamedJudge[], hooks: PlaceHooks): Promise<NamedJudge[]> {
  const all: NamedJudge[] = [];
  for (const judge of judges) {
    if (judge.kind !== 'path') all.push(judge);
    else all.push({ kind: 'path', name: (await judgePlace(judge.name, hooks)).paths[0] });
  }
  return all;
}

/** What a string prompt is to who judges. @throws ConfigError where judges were trained on different ones */
function formatFor(judges: readonly NamedJudge[], told: PromptFormat | 'auto'): PromptFormat {
  if (told !== 'auto') return told;
  const learnt = judges.flatMap((judge) => {
    if (judge.kind !== 'path' || DATA_FILE_NAME.test(judge.name)) return [];
    return [{ name: judge.name, format: resolvePromptFormat('auto', findModel(judge.name)) }];
  });
  const formats = new Set(learnt.map(({ format }) => format));
  if (formats.size < 2) return learnt[0]?.format ?? 'standard';
  throw new ConfigError({
    key: 'prompt_format',
    expected: 'standard or chat, as the judges were trained on different ones',
    received: learnt.map(({ name, format }) => `${shownPath(name)}: ${format}`).join(', '),
  });
}

async function openedFor(judge: NamedJudge, about: AskedAbout): Promise<AskedJudge> {
  if (judge.kind === 'person') return askedPerson(about, terminalOfPerson());
  if (judge.kind === 'endpoint') return askedEndpoint(judge, about);
  const { name } = judge;
  if (DATA_FILE_NAME.test(name)) return askedRecorded(name, about);
  const { options, say } = about;
  const opened = await (holdsReward(name) ? openRewardModel(name, options) : openModel(name, options));
  try {
    for (const line of formatWarnings(opened)) say(`warning: ${line}`);
    for (const line of templateNotes(opened.templateSettings)) say(`note: ${line}`);
    return askedModel(opened, about);
  } catch (error) {
    opened.dispose();
    throw error;
  }
}
