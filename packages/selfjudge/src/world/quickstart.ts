import type { Model } from '@selfjudge/engine';
import { RunFolder } from '@selfjudge/training';
import { environment } from '@selfjudge/training/internal';
import { stringify } from 'yaml';
import { mapKeys, snakeCase } from '../config/naming.js';
import { VERSION } from '../version.js';
import { voteLabels } from './pairs.js';
import { refuseOtherConfig } from '../training/sameRun.js';
import type { PhaseHooks, Trained } from './phase.js';
import { readResult, type QuickstartResult } from './resultFile.js';
import { reportOn, type ReportOptions } from './report.js';
import { worldDefaults, type WorldOptions } from './settings.js';
import { WorldTraining } from './training.js';

export type QuickstartOptions = WorldOptions & ReportOptions;

export const quickstartDefaults: QuickstartOptions = {
  ...worldDefaults,
  outputDir: 'runs/quickstart',
  testPrompts: 240,
  samples: 8,
  bestOf: 16,
  bestOfPrompts: 96,
};

export type QuickstartOutcome =
  | ({ status: 'completed'; alreadyDone: boolean } & QuickstartResult)
  /** The same options go on from there. */
  | { status: 'interrupted'; phase: string; outputDir: string };

/**
 * The whole method in a world whose answers can be scored exactly: from a base that has read unlabelled text, SFT and JSFT
 * on few noisy labels, self-training on many prompts by own judgments, offline DPO on the judge's labels, tournaments. Every choice is made on dev
 * prompts or by the judge itself; test prompts are scored once, at the end.
 *
 * The run folder keeps what is done: the same options go on where a run stopped, or bring back the result of a
 * complete one.
 * @throws ConfigError when the folder holds a run of other options
 */
export async function quickstart(options: QuickstartOptions, hooks: PhaseHooks): Promise<QuickstartOutcome> {
  const { outputDir } = options;
  let phase = 'sft';
  const onPhase = (name: string, loaded: boolean) => hooks.onPhase((phase = name), loaded);
  const folder = RunFolder.open(outputDir);
  try {
    const config = { verb: 'quickstart', ...mapKeys(options, snakeCase) };
    refuseOtherConfig(outputDir, config, { keys: new Set(['output_dir', 'device']) });
    const before = readResult(outputDir);
    if (before !== undefined) return { status: 'completed', alreadyDone: true, ...before };
    folder.writeConfig(stringify(config));
    const world = await WorldTraining.open(options, { ...hooks, onPhase });
    folder.writeEnvironment(environment(world.device, VERSION));
    const result = { ...(await allPhases(world, options)), outputDir };
    folder.writeSummary({ ...result });
    return { status: 'completed', alreadyDone: false, ...result };
  } catch (error) {
    if (!hooks.signal?.aborted || error !== hooks.signal.reason) throw error;
    return { status: 'interrupted', phase, outputDir };
  } finally {
    folder.close();
  }
}

async function allPhases(
  world: WorldTraining,
  options: ReportOptions,
): Promise<Omit<QuickstartResult, 'outputDir'>> {
  const models: Model[] = [];
  const done: Record<string, Trained> = {};
  const keep = async (name: string, training: Promise<Trained>) => {
    done[name] = await training;
    models.push(done[name].model);
    return done[name];
  };
  try {
    const base = await world.base();
    models.push(base);
    const sft = await keep('sft', world.sft(base));
    const jsft = await keep('jsft', world.jsft(base));
    const selfTrained = await keep('self-train', world.selfTrain(jsft.model));
    const voteDpo = await keep('dpo', world.dpo(jsft.model, voteLabels(world.pairs)));
    const start = performance.now();
    world.hooks.onPhase('test', false);
    const report = await reportOn(world, { base, sft, jsft, selfTrained, voteDpo }, options);
    const seconds = Object.fromEntries(Object.entries(done).map(([name, { seconds }]) => [name, seconds]));
    return { ...report, seconds: { ...seconds, test: (performance.now() - start) / 1000 } };
  } finally {
    for (const model of models) model.dispose();
  }
}
