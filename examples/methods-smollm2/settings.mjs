/** Prompts of a short run, its steps of 16, and what an answer may be, of every method. */
export const PROMPTS = 32;
export const STEPS = 2;
export const ANSWERS = '--max_prompt_length 256 --max_new_tokens 128';
const SEVERAL = `${ANSWERS} --num_generations 4`;
const LOSES = '--missing_eos lose';

/**
 * `holds`: whole models, and the adapters that are trained. `forwards`, of one prompt: answers drawn; judge prompts or answers
 * scored; passes of a frozen model over an answer; passes that are trained on, each with its way back.
 */
export const METHODS = [
  {
    name: 'self-train',
    forwards: [2, 2, 2, 2],
    verb: 'self-train',
    start: 'jsft',
    flags: `${ANSWERS} ${LOSES}`,
    holds: 'one model (policy, reference and judge), an adapter',
  },
  {
    name: 'rso',
    forwards: [5, 10, 2, 2],
    verb: 'rso',
    start: 'sft',
    judge: 'jsft',
    flags: `${SEVERAL} ${LOSES} --num_samples 2`,
    holds: 'two models (policy and reference; judge), an adapter',
  },
  {
    name: 'rest',
    forwards: [5, 8, 0, 1],
    verb: 'rest',
    start: 'sft',
    judge: 'jsft',
    flags: `${SEVERAL} ${LOSES} --improve_steps 2`,
    holds: 'two models (policy and start; judge), an adapter',
  },
  {
    name: 'raft',
    forwards: [4, 6, 0, 1],
    verb: 'raft',
    start: 'sft',
    judge: 'jsft',
    flags: `${SEVERAL} ${LOSES}`,
    holds: 'two models (policy and start; judge), an adapter',
  },
  {
    name: 'ppo-by-judge',
    forwards: [2, 2, 2, 8],
    verb: 'ppo',
    start: 'sft',
    judge: 'jsft',
    flags: ANSWERS,
    holds: 'two models (policy, reference and values; judge), two adapters',
  },
  {
    name: 'ppo-by-itself',
    forwards: [2, 2, 2, 8],
    verb: 'ppo',
    start: 'jsft',
    flags: ANSWERS,
    holds: 'one model (policy, reference, values and judge), two adapters',
  },
  {
    name: 'ppo-by-reward-model',
    forwards: [1, 1, 2, 8],
    verb: 'ppo',
    start: 'sft',
    judge: 'reward',
    flags: ANSWERS,
    holds: 'two models (policy, reference and values; reward model), two adapters',
  },
];

/** Learning rates that PPO is tried at, the default among them. */
export const PPO_RATES = ['1e-5', '1e-4', '3e-4'];
export const PPO_STEPS = 8;
