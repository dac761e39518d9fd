import { table } from '../../testbed/blocks.mjs';
import { percent } from '../../testbed/statistics.mjs';
import { intervalsOf, mean, rateOver } from './overSeeds.mjs';
import { BEST_OF, NEW_TOKENS, REFERENCE_WEIGHT } from './settings.mjs';

const NAMES = {
  people: 'the answers that people preferred',
  sft: 'SFT on the chosen answers',
  jsft: 'JSFT',
  dpo: 'DPO on the human labels',
  rso: 'RSO',
  'self-train': 'SELF-JUDGE',
  'jsft+plain': `JSFT, best of ${BEST_OF}`,
  'jsft+reference': `JSFT, best of ${BEST_OF} + reference`,
  'self-train+plain': `SELF-JUDGE, best of ${BEST_OF}`,
  'self-train+reference': `SELF-JUDGE, best of ${BEST_OF} + reference`,
};
const span = ({ value, low, high }) =>
  low === undefined ? value.toFixed(3) : `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
const orNone = (value, show) => (value === undefined ? '' : show(value));

/** @param figures of figuresOf @returns the page of docs/results */
export function pageOf({ environment, seeds, labels, outsideMinutes }) {
  const [first] = seeds;
  const ran = seeds.map(({ seed }) => seed);
  const minutes = Object.keys(first.minutes)
    .map((name) => `${name} ${mean(seeds.map((seed) => seed.minutes[name])).toFixed(1)}`)
    .join(', ');
  return `# SmolLM2-135M-Instruct on HH-helpful

\`node examples/hh-smollm2/run.mjs --data helpful.jsonl.gz other_subsets.jsonl.gz --harmless harmless.jsonl.gz --seeds ${ran.join(' ')}\`, LoRA on
${environment.cpu}, ${environment.cpus} threads, device ${environment.device} (${environment.path}). ${intervalsOf(ran)}

All have the same ${labels} prompts with their human labels: SFT and JSFT from the model as it is (${first.steps.sft} steps of 16 answers, JSFT with 16 pairs beside them), DPO and RSO
from SFT, SELF-JUDGE from JSFT (${first.steps.dpo} steps of 16 prompts each, one learning rate). The frozen JSFT model judges for SELF-JUDGE and RSO. A cut answer loses
(\`missing_eos: lose\`). Minutes of training, on a machine that may have had other work: ${minutes}; the outside judge ${outsideMinutes.toFixed(1)}.

## Are the answers better?

One answer to each of ${first.prompts} held-out prompts, temperature 1, top-p 0.9, at most ${NEW_TOKENS} tokens; best of ${BEST_OF} on the first ${first.bestOfPrompts}, by knock-out of the
frozen judge, alone or with ${REFERENCE_WEIGHT} of the log-probability under JSFT. The outside judge is a reward model of another base (Gemma 3 270M) and of
pairs that no method saw. "Longer wins" is the win rate if the longer answer always won.

${table(['answers', 'win rate against SFT', 'length-controlled', 'longer wins', 'n', 'characters', 'cut', 'refused', 'refused of harmless'], systemRows(seeds))}

"Refused": answers that begin by declining, by a rule of words; of the prompts above, and of 100 prompts of HH-harmless.

The same directly; a tie, such as a winner that is the single answer, counts half:

${table(
  ['', 'win rate', 'length-controlled', 'n'],
  directOf(seeds).map(({ names, rate, controlled, n }) => [names, span(rate), span(controlled), n]),
)}

## Do the judges agree with people?

On the pairs of the held-out prompts.

${table(['judge', 'seed', 'accuracy', 'n', 'chosen is longer', 'chosen is shorter', 'always the longer'], judgeRows(seeds))}

On pairs of answers of one model, before and after self-training, the frozen judge against the outside judge:

${table(['answers of', 'pairs', 'both name the same', 'the frozen judge names the longer', 'the outside judge does'], decayRows(seeds))}

## Reading

${reading(seeds)}

## The training

Self-training, mean of the first and of the last five steps.

${table(['', 'first', 'last'], trainingRows(seeds))}

## Samples

The first three held-out prompts, seed ${first.seed}.

${first.samples.map(sample).join('\n\n---\n\n')}
`;
}

const systemsOf = (seeds, name) => seeds.map(({ systems }) => systems.find((system) => system.name === name));

/** Against SFT, over seeds. */
function won(seeds, name) {
  const rates = systemsOf(seeds, name).map(({ againstSft }) => againstSft);
  return {
    rate: rateOver(rates, 'rate'),
    controlled: rateOver(rates, 'lengthControlled'),
    longer: mean(rates.map(({ alwaysLonger }) => alwaysLonger.value)),
    n: rates[0].rate.n,
  };
}

function systemRows(seeds) {
  return seeds[0].systems.map(({ name, againstSft }) => {
    const compared = againstSft && won(seeds, name);
    const average = (pick) => {
      const values = systemsOf(seeds, name).map(pick);
      return values.includes(undefined) ? undefined : mean(values);
    };
    return [
      NAMES[name],
      orNone(compared, ({ rate }) => span(rate)),
      orNone(compared, ({ controlled }) => span(controlled)),
      orNone(compared, ({ longer }) => longer.toFixed(3)),
      orNone(compared, ({ n }) => n),
      average(({ characters }) => characters).toFixed(0),
      orNone(
        average(({ cut }) => cut),
        percent,
      ),
      percent(average(({ refusals }) => refusals.helpful)),
      orNone(
        average(({ refusals }) => refusals.harmless),
        percent,
      ),
    ];
  });
}

const directOf = (seeds) =>
  seeds[0].direct.map(({ a, b, rate }, i) => {
    const rates = seeds.map(({ direct }) => direct[i]);
    return {
      names: `${NAMES[a]} against ${NAMES[b]}`,
      rate: rateOver(rates, 'rate'),
      controlled: rateOver(rates, 'lengthControlled'),
      n: rate.n,
    };
  });

function judgeRows(seeds) {
  const row = (name, seed, { accuracy, longerChosen, shorterChosen, alwaysLonger }) => [
    name,
    seed,
    span(accuracy),
    accuracy.n,
    span(longerChosen),
    span(shorterChosen),
    alwaysLonger.value.toFixed(3),
  ];
  return [
    ...seeds.map(({ seed, judges: { frozen } }) => row('JSFT, frozen: it gave every verdict', seed, frozen)),
    row('outside judge', 'all', seeds[0].judges.outside),
  ];
}

const decayRows = (seeds) =>
  seeds[0].decay.map(({ name, pairs }, i) => [
    NAMES[name],
    pairs,
    ...['agreement', 'longer', 'outsideLonger'].map((key) =>
      percent(mean(seeds.map(({ decay }) => decay[i][key]))),
    ),
  ]);

const trainingRows = (seeds) =>
  [
    ['KL to the start, nats an answer', 'sampling/kl', 2],
    ['tokens an answer', 'completions/mean_length', 1],
    ['cut at the limit', 'completions/clipped_ratio', 3],
    ['both orders of the judge agree', 'judge/position_consistency', 2],
    ['the judge names the longer', 'judge/longer_rate', 2],
  ].map(([what, key, digits]) => [
    what,
    ...['first', 'last'].map((which) => {
      // Steps without a pair do not say how it was judged.
      const said = seeds.flatMap(({ training }) => training[which].flatMap((at) => at[key] ?? []));
      return said.length === 0 ? '' : mean(said).toFixed(digits);
    }),
  ]);

/** What the intervals allow to say. */
function reading(seeds) {
  const side = ({ low, high }) => (low > 0.5 ? 'better' : high < 0.5 ? 'worse' : 'not told apart');
  const both = ({ rate, controlled }) =>
    controlled.low === undefined ? side(rate) : `${side(rate)}; at equal lengths ${side(controlled)}`;
  const { accuracy, longerChosen, shorterChosen } = seeds[0].judges.outside;
  return [
    'By the outside judge:',
    '',
    ...['people', 'jsft', 'dpo', 'rso', 'self-train'].map(
      (name) => `- ${NAMES[name]} against SFT: ${both(won(seeds, name))}.`,
    ),
    ...directOf(seeds).map(({ names, ...rates }) => `- ${names}: ${both(rates)}.`),
    '',
    `It is right about ${percent(accuracy.value)} of people's pairs: ${percent(longerChosen.value)} where they preferred the longer answer, ${percent(shorterChosen.value)} where the shorter.`,
  ].join('\n');
}

function quote(text) {
  const short = text.length > 300 ? `${text.slice(0, 300)} …` : text;
  return short.trim().replace(/^/gm, '> ');
}

const sample = ({ prompt, ...answers }) =>
  [
    `Asked:\n\n${quote(prompt)}`,
    ...Object.entries(answers).map(([name, text]) => `${NAMES[name]}:\n\n${quote(text)}`),
  ].join('\n\n');
