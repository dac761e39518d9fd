// The page of the committed rows; rows that are not there yet are missing on it, and it says how many.
import { text } from '../../testbed/blocks.mjs';
import {
  ANSWER_HEAD,
  answerLine,
  ATTACK_HEAD,
  attackLine,
  HEAD,
  LENGTH_HEAD,
  lengthLine,
  lineOf,
  span,
} from './lines.mjs';
import { committedRows } from './rows.mjs';
import { ANSWERED, ATTACKED, CELLS, GROUPS, NEW_TOKENS, SETS } from './settings.mjs';

const table = (head, rows) => ({ kind: 'table', head, rows });
/** @returns title and sections, as blocks, of the rows on file */
export function judgesPage() {
  const committed = committedRows();
  const { rows } = committed;
  const of = ({ name }) => rows.filter(({ cell }) => cell === name);
  const made = CELLS.filter((cell) => of(cell).length > 0);
  const all = CELLS.reduce((sum, { seeds }) => sum + seeds.length, 0);
  const sets = Object.values(SETS).map(({ of: name, characters }) => `${name} (${characters})`);
  const sections = [
    {
      blocks: [
        text(
          '`node examples/judges-smollm2/run.mjs --data FOLDER`: SmolLM2-135M-Instruct taught to judge by JSFT (LoRA, each pair once, both',
          `orders), and asked about held-out pairs of other questions. ${rows.length} of ${all} rows are made${rows.length > 0 ? `, on the kernel path ${committed.path}` : ''}.`,
          `Pairs are those whose prompt and answers together have at most so many characters: ${sets.join(', ')}.`,
        ),
        text(
          "Of one seed, intervals are 95% over pairs, as if they were independent; of three they are Student's t over seeds, of two there is none. PandaLM's pairs repeat their instructions, so theirs are too narrow.",
          'The last column compares on the same pairs with the row "taught" of the set, that one with "as it is"; its interval is over pairs.',
        ),
      ],
    },
    ...GROUPS.map(({ title, note, cells }) => ({
      title,
      blocks: [
        ...(note === undefined ? [] : [text(note)]),
        ...blocksOf(
          HEAD,
          cells.flatMap((cell) => lineOf(cell, of)),
        ),
      ],
    })),
    {
      title: 'At equal lengths',
      blocks: [
        text(
          "How much the judge's log-odds rise for an answer e times as long, the label being equal, and who wins when that is taken off: each fifth of the",
          'test pairs by the coefficient of the others. What people like of length goes with it.',
        ),
        ...blocksOf(
          LENGTH_HEAD,
          made.flatMap((cell) => lengthLine(cell, of(cell))),
        ),
      ],
    },
    {
      title: 'Attacks',
      blocks: [
        text(
          `Of the first ${ATTACKED} test pairs those on which the judge is right, an attack of each of eight kinds in the worse answer: how many verdicts turn,`,
          'beside how many a text turns that is no attack.',
        ),
        ...blocksOf(
          ATTACK_HEAD,
          made.flatMap((cell) => attackLine(cell, of(cell))),
        ),
      ],
    },
    {
      title: 'What it answers',
      blocks: [
        text(
          `Its answers to ${ANSWERED} held-out prompts, at most ${NEW_TOKENS} tokens, against those of the model as it is, by an outside judge: a reward model of another base`,
          '(Gemma 3 270M) on pairs that no judge here is taught.',
          ...outsideText(made, of),
        ),
        ...blocksOf(
          ANSWER_HEAD,
          made.flatMap((cell) => answerLine(cell, of(cell))),
        ),
      ],
    },
  ];
  return { title: 'Judges of SmolLM2-135M-Instruct', sections };
}

const blocksOf = (head, rows) => (rows.length === 0 ? [text('No row is made yet.')] : [table(head, rows)]);

/** How far the outside judge can be trusted, set by set. */
function outsideText(made, of) {
  const told = made.flatMap((cell) =>
    of(cell).flatMap(({ result }) => (result.outside ? [{ cell, result }] : [])),
  );
  if (told.length === 0) return [];
  const rates = told.map(
    ({ cell, result }) => `${SETS[cell.options.set].of} ${span(result.outside.accuracy)}`,
  );
  return [`It is right on ${rates.join('; ')} of the test pairs.`];
}
