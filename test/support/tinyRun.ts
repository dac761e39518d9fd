import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { run, start, temporaryFolder, type Ended, type Running } from './cli.js';
import { readEvents, type FaultEvent, type StopAt } from './faults.js';
import { outcome } from './outcome.js';
import { saveTinyModel, writeRows } from './tinyModel.js';

const words = (text: string) => text.split(' ');
const SELF_TRAIN = words(
  'self-train -m model --dtype float32 --device cpu --dataset_name pairs.jsonl --prompt_format chat --lora_target_modules q_proj v_proj ' +
    '--learning_rate 3e-2 --max_steps 6 --train_batch_size 4 --max_new_tokens 6 --missing_eos keep --eval_steps 2 ' +
    '--max_kl 1000 --save_steps 2 --save_total_limit 2 --output_dir',
);

/** Two sets of parameters: the adapter's and the head. */
const REWARD = words(
  'reward -m model --dtype float32 --device cpu --dataset_name pairs.jsonl --prompt_format chat --lora_target_modules q_proj v_proj ' +
    '--learning_rate 3e-2 --max_steps 6 --train_batch_size 4 --save_steps 2 --save_total_limit 2 --output_dir',
);

/** Three sets of parameters, two updates a step, and a coefficient that the task keeps. */
const PPO = words(
  'ppo -m model --dtype float32 --device cpu --dataset_name pairs.jsonl --prompt_format chat --lora_target_modules q_proj v_proj ' +
    '--learning_rate 3e-2 --max_steps 6 --train_batch_size 4 --max_new_tokens 6 --num_ppo_epochs 1 --num_mini_batches 2 ' +
    '--kl_target 0.1 --kl_horizon 40 --save_steps 2 --save_total_limit 2 --output_dir',
);

/** A run of six steps with three checkpoints, and what it ends with when left alone. */
export class TinyRun {
  private constructor(
    private readonly command: readonly string[],
    readonly cwd: string,
    readonly remove: () => void,
    /** What the undisturbed run does, in order. */
    readonly events: FaultEvent[],
    readonly whole: ReturnType<typeof outcome>,
  ) {}

  /** With dev prompts. */
  static selfTraining = (): Promise<TinyRun> => TinyRun.#prepare(SELF_TRAIN);
  static reward = (): Promise<TinyRun> => TinyRun.#prepare(REWARD);
  static ppo = (): Promise<TinyRun> => TinyRun.#prepare(PPO);

  static async #prepare(command: readonly string[]): Promise<TinyRun> {
    const { path: cwd, remove } = temporaryFolder();
    await saveTinyModel(join(cwd, 'model'));
    const rows = Array.from({ length: 60 }, (_, i) => ({
      prompt: `Thing ${i}?`,
      chosen: `${i}.`,
      rejected: 'No.',
    }));
    writeRows(cwd, 'pairs.jsonl', rows);
    const log = join(cwd, 'events.json');
    await succeed(run([...command, 'whole'], { cwd, stopAt: { log } }));
    return new TinyRun(command, cwd, remove, readEvents(log), outcome(join(cwd, 'whole')));
  }

  path(folder: string): string {
    return join(this.cwd, folder);
  }

  start(folder: string, stopAt?: StopAt): Running {
    return start([...this.command, folder], { cwd: this.cwd, stopAt });
  }

  run(folder: string, stopAt?: StopAt): Promise<Ended> {
    return this.start(folder, stopAt).ended;
  }

  /** Runs the command until it is done and says what the run ends with; the folder is removed. */
  async finish(folder: string): Promise<ReturnType<typeof outcome>> {
    await succeed(this.run(folder));
    const result = outcome(this.path(folder));
    rmSync(this.path(folder), { recursive: true });
    return result;
  }
}

async function succeed(work: Promise<Ended>): Promise<void> {
  const { code, signal, stderr } = await work;
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${stderr}`);
}
