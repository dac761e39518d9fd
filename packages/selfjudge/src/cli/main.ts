#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ConfigError } from '@selfjudge/base';
import { Device, Model } from '@selfjudge/engine';
import { launchedIn } from '@selfjudge/engine/internal';
import { renaming, TRAINING_VERBS, type TrainingVerb } from '../config/index.js';
import { VERSION } from '../version.js';
import { normaliseFlags } from './arguments.js';
import { addChatVerb } from './chatVerb.js';
import { addCompareVerb } from './compareVerb.js';
import { addDataVerb } from './dataVerb.js';
import { addDoctorVerb } from './doctorVerb.js';
import { addEvaluateVerb } from './evaluateVerb.js';
import { EXIT, report, sayLine } from './exit.js';
import { addGenerateVerb } from './generateVerb.js';
import { addPullVerb, addPushVerb } from './hubVerbs.js';
import { addInspectVerb } from './inspectVerb.js';
import { addJudgeVerb } from './judgeVerb.js';
import { verbOf, SHARED_VERBS } from './modelFlags.js';
import { addMergeVerb } from './mergeVerb.js';
import { addQuickstartVerb } from './quickstartVerb.js';
import { JobEnded, launchRanks } from './ranks.js';
import { addRunsVerb } from './runsVerb.js';
import { addScoreVerb } from './scoreVerb.js';
import { addTemplateVerb } from './templateVerb.js';
import { addTrainingVerb } from './trainVerb.js';

const program = new Command('selfjudge')
  .description('Align a language model by its own judgment (SELF-JUDGE, arXiv 2402.11253).')
  .version(VERSION)
  // evaluate has flags and verbs below it, whose flags have the same names.
  .enablePositionalOptions()
  .showHelpAfterError('(selfjudge help VERB lists its flags)')
  .exitOverride();

let code: number = EXIT.done;
program.commandsGroup('Training:');
for (const verb of Object.keys(TRAINING_VERBS) as TrainingVerb[])
  addTrainingVerb(program, verb, (c) => (code = c));
program.commandsGroup('Using a model:');
addJudgeVerb(program);
addGenerateVerb(program);
addChatVerb(program, (c) => (code = c));
addScoreVerb(program);
addInspectVerb(program, (c) => (code = c));
addEvaluateVerb(program);
addCompareVerb(program);
addMergeVerb(program);
program.commandsGroup('More:');
addDataVerb(program, (c) => (code = c));
addTemplateVerb(program, (c) => (code = c));
addPullVerb(program);
addPushVerb(program);
addRunsVerb(program);
addDoctorVerb(program);
addQuickstartVerb(program, (c) => (code = c));

renaming.onNote = (note) => sayLine(`note: ${note}`);
Model.onWarning = (message) => sayLine(`warning: ${message}`);
Device.onFallback = (reason) => sayLine(`computing on the CPU: ${reason}`);

const shared = [...Object.keys(TRAINING_VERBS), ...SHARED_VERBS];
program.hook('preAction', async (_, command) => {
  const { num_processes: asked } = command.opts<{ num_processes?: string }>();
  const ofJob = await launchRanks(asked, { keeps: verbOf(command) in TRAINING_VERBS });
  if (ofJob !== undefined) throw new JobEnded(ofJob);
  if ((launchedIn()?.size ?? 1) === 1 || shared.includes(verbOf(command))) return;
  throw new ConfigError({
    key: verbOf(command),
    expected: `one process (${shared.join(', ')} share their work out to several)`,
    received: 'several, started by a launcher',
  });
});

// Whoever reads the output may have seen enough, as head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
});

try {
  await program.parseAsync([...process.argv.slice(0, 2), ...normaliseFlags(process.argv.slice(2))]);
} catch (error) {
  if (error instanceof JobEnded) code = error.code;
  else if (error instanceof CommanderError) code = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  else code = report(error);
}
process.exitCode = code;
