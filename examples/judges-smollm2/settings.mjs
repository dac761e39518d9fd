/** Questions of each set by hash: `train` is taught, `self` teaches the outside judge, figures are of `test`. */
const SHARES = { train: 0.5, self: 0.15, dev: 0, test: 0.35 };

/** Where pairs are from, and how long prompt and answers may be together, in characters: two cores have to be enough. */
export const SETS = {
  helpful: { of: 'HH-helpful', characters: 600, shares: SHARES },
  harmless: { of: 'HH-harmless', characters: 600, shares: SHARES },
  pandalm: { of: "PandaLM's test set", characters: 800, shares: SHARES },
  ultra: {
    of: 'UltraFeedback, binarised',
    characters: 1600,
    shares: { train: 0.65, self: 0, dev: 0, test: 0.35 },
  },
};

/** Pairs that are taught and that figures are of, at most; prompts that are answered, pairs that are attacked. */
export const TAUGHT = 256;
export const TESTED = 200;
export const ANSWERED = 32;
export const ATTACKED = 24;
/** Tokens of an answer at most. */
export const NEW_TOKENS = 64;

const taught = { method: 'jsft', template: 'plain', labels: 'people', lengths: 'all' };
/** A cell of a set: what is done otherwise than with the judge that all are compared with. */
const cell = (set, name, changed = {}, more = {}) => ({
  name: `${set}: ${name}`,
  options: { set, ...taught, ...changed },
  seeds: [1],
  ...more,
});
const untaught = (set) => cell(set, 'as it is', { method: 'none' }, { isAttacked: true });
const plain = (set) => cell(set, 'taught', {}, { seeds: [1, 2, 3], isAttacked: true });

/** What the page compares, part by part. */
export const GROUPS = [
  {
    title: 'Before and after it is taught',
    cells: ['helpful', 'harmless', 'pandalm'].flatMap((set) => [untaught(set), plain(set)]),
  },
  {
    title: 'Pairs of balanced or of about equal length',
    note: 'As many steps as with all pairs, by the demonstrations, which all stay: the pairs that teach are seen more than once.',
    cells: ['helpful', 'pandalm'].flatMap((set) =>
      ['balanced', 'near'].map((lengths) =>
        cell(set, lengths, { lengths }, { isAttacked: lengths === 'balanced' }),
      ),
    ),
  },
  {
    title: 'What is learnt: a verdict, a verdict and its reason, a score',
    cells: [
      cell('pandalm', 'verdict and reason', { template: 'because.yaml' }, { isAttacked: true }),
      cell('pandalm', 'score', { method: 'reward', template: 'none' }, { isAttacked: true }),
      cell('helpful', 'score', { method: 'reward', template: 'none' }),
    ],
  },
  {
    title: 'Where the question stands',
    cells: [
      cell('helpful', 'question last', { template: 'plain-last' }),
      cell('harmless', 'principle last', { template: 'harmlessness' }),
      cell('harmless', 'principle first', { template: 'harmlessness-first' }),
    ],
  },
  {
    title: 'Whose labels, and how many of them are wrong',
    cells: [
      cell('pandalm', "GPT-3.5's labels", { labels: 'ai' }),
      ...[10, 20, 30, 40].map((share) => cell('pandalm', `${share}% turned`, { labels: share })),
      untaught('ultra'),
      cell('ultra', 'taught'),
      cell('ultra', '20% turned, as published', { labels: 'flips' }),
      cell('ultra', '40% turned', { labels: 40 }),
    ],
  },
];
export const CELLS = GROUPS.flatMap(({ cells }) => cells);

/** How a judge is taught, whichever; steps of 16 pairs, each pair once. */
export const LOOP =
  '--train_batch_size 16 --num_train_epochs 1 --learning_rate 5e-4 --lr_scheduler_type cosine --warmup_ratio 0.1 --lora_r 8 --lora_alpha 16 --max_length 768 --token_budget 4096 --save_steps 8';
/** Of JSFT alone; and of the outside judge, a reward model of another base. */
export const JSFT = '--judge_batch_size 16 --lora_dropout 0.05';
export const OUTSIDE = '--chat_template gemma --seed 7';
