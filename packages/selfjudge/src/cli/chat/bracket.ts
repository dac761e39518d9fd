import type { Match, Round, Tournament } from '@selfjudge/judging';
import { tokenEvidence } from '@selfjudge/judging/internal';
import { counted, fitted, harmless, textWidth, type Paint, type Style } from '../terminal.js';

/** Answers that a bracket is drawn of where it fits; else the winner's way is told. */
const MOST_DRAWN = 32;
const LEAST_TEXT = 12;

export interface BracketOptions {
  paint: Paint;
  /** Columns. */
  width: number;
}

/** Where an answer stands in the bracket. */
interface Place {
  row: number;
  /** It came here without an opponent. */
  bye?: boolean;
}

interface Cell {
  text: string;
  style: Style;
}

/**
 * Who met whom among the answers of a tournament, both probabilities of each match, and who went on. Answers are named
 * by their number, from 1.
 */
export function bracket(
  candidates: readonly string[],
  tournament: Tournament,
  { paint, width }: BracketOptions,
): string {
  const { rounds, winner } = tournament;
  const matches = rounds.flatMap((round) => round.matches);
  const judged = matches.filter(({ verdict }) => verdict !== undefined).length;
  const title = `${counted(candidates.length, 'answer')}, ${counted(judged, 'judgment')}`;
  const notes = notesOn(matches);
  const drawing =
    candidates.length > MOST_DRAWN || columnsTaken(candidates.length, rounds.length) > width
      ? wayOf(winner, candidates, tournament, { paint, width })
      : drawn(candidates, tournament, { paint, width });
  return [paint(title, 'dim'), ...drawing, ...notes.map((note) => paint(note, 'dim'))].join('\n');
}

/** The probabilities of the two answers of a match as they are shown; the sign behind says what notesOn explains. */
function figures({ verdict }: Match): [a: string, b: string] {
  if (verdict === undefined) return ['same', 'same'];
  if (verdict.winner === null) return ['none', 'none'];
  return [verdict.probability.toFixed(2), (1 - verdict.probability).toFixed(2)];
}

/** Whether the answer that is shown first, or the one shown second, was the better one in both orders. */
function disagrees({ verdict }: Match): boolean {
  if (verdict === undefined || verdict.winner === null) return false;
  const [ab, ba] = tokenEvidence(verdict)?.orders ?? [];
  return ab !== undefined && ba !== undefined && ab.pA > ab.pB === ba.pA > ba.pB;
}

function notesOn(matches: readonly Match[]): string[] {
  const split = matches.filter(disagrees).length;
  const none = matches.filter(({ verdict }) => verdict?.winner === null).length;
  const same = matches.filter(({ verdict }) => verdict === undefined).length;
  return [
    ...(split > 0
      ? [`~ ${counted(split, 'judgment')} named another answer when the two were shown in the other order`]
      : []),
    ...(same > 0 ? ['same: equal texts, nothing to judge'] : []),
    ...(none > 0 ? ['none: no verdict, the first goes on'] : []),
  ];
}

/** Columns of a drawing, without the texts. */
function columnsTaken(answers: number, rounds: number): number {
  const digits = String(answers).length;
  return 2 + digits + 2 + rounds * (9 + digits + 1) + ' wins'.length;
}

function drawn(
  candidates: readonly string[],
  { rounds, winner }: Tournament,
  { paint, width }: BracketOptions,
): string[] {
  const digits = String(candidates.length).length;
  const order = leavesOf(winner, rounds);
  let places = new Map(order.map((answer, i): [number, Place] => [answer, { row: 2 * i }]));
  const cells: Cell[][] = Array.from({ length: 2 * order.length - 1 }, () => []);
  const styleOf = (answer: number): Style => (answer === winner ? 'green' : 'dim');
  // In each round a column of figures and lines; behind it the number of who goes on.
  for (const [r, { matches, bye }] of rounds.entries()) {
    const column: Cell[] = cells.map(() => ({ text: '', style: 'dim' }));
    const next = new Map<number, Place>();
    for (const match of matches) {
      // leavesOf puts a above b.
      const [upper, lower] = [places.get(match.a)!.row, places.get(match.b)!.row];
      const middle = (upper + lower) >> 1;
      const sign = disagrees(match) ? '~' : ' ';
      const [a, b] = figures(match);
      column[upper] = { text: ` ${a}${sign}─┐`, style: styleOf(match.a) };
      column[lower] = { text: ` ${b}${sign}─┘`, style: styleOf(match.b) };
      // The line from the one who goes on is in the one's own style.
      const through = match.winner === match.a ? [upper, middle] : [middle, lower];
      for (let row = upper + 1; row < lower; row++)
        column[row] = {
          text: row === middle ? '       ├─' : '       │',
          style: row >= through[0] && row <= through[1] ? styleOf(match.winner) : 'dim',
        };
      next.set(match.winner, { row: middle });
    }
    if (bye !== undefined) {
      const { row } = places.get(bye)!;
      column[row] = { text: ' ────────', style: styleOf(bye) };
      next.set(bye, { row, bye: true });
    }
    const last = r === rounds.length - 1;
    column.forEach((cell, row) => cells[row].push({ ...cell, text: cell.text.padEnd(9) }));
    const names: Cell[] = cells.map(() => ({ text: ' '.repeat(digits + 1), style: 'dim' }));
    for (const [answer, { row, bye: passes }] of next)
      names[row] = {
        text: passes
          ? '─'.repeat(digits + 1)
          : ` ${String(answer + 1).padStart(digits)}${last ? ' wins' : ''}`,
        style: styleOf(answer),
      };
    names.forEach((cell, row) => cells[row].push(cell));
    places = next;
  }
  const taken = columnsTaken(candidates.length, rounds.length);
  const longest = Math.max(
    ...candidates.map((text) => textWidth(harmless(text).replace(/\s+/g, ' ').trim())),
  );
  const columns = width - taken < LEAST_TEXT ? 0 : Math.min(longest, width - taken);
  const leaves = new Map(order.map((answer, i) => [2 * i, answer]));
  return cells.map((line, row) => {
    const answer = leaves.get(row);
    const head =
      answer === undefined
        ? ' '.repeat(digits + 2 + columns)
        : `${String(answer + 1).padStart(digits)}  ${columns === 0 ? '' : fitted(candidates[answer], columns)}`;
    const drawnCells = line.slice(0, 1 + line.findLastIndex(({ text }) => text.trim() !== ''));
    const last = drawnCells.length - 1;
    const lines = drawnCells.map(({ text, style }, i) => paint(i === last ? text.trimEnd() : text, style));
    return `  ${answer === winner ? paint(head, 'green') : head}${lines.join('')}`;
  });
}

/**
 * All answers that the one standing after `rounds` left behind it, itself among them, so that whoever met is neighbours
 * and no two lines of a drawing cross.
 */
function leavesOf(answer: number, rounds: readonly Round[]): number[] {
  const [earlier, last] = [rounds.slice(0, -1), rounds.at(-1)];
  if (last === undefined) return [answer];
  const match = last.matches.find(({ a, b }) => a === answer || b === answer);
  return (match === undefined ? [answer] : [match.a, match.b]).flatMap((one) => leavesOf(one, earlier));
}

/** The matches of one answer, round by round. */
function wayOf(
  answer: number,
  candidates: readonly string[],
  { rounds }: Tournament,
  { paint, width }: BracketOptions,
): string[] {
  const lines = rounds.map(({ matches }, r) => {
    const match = matches.find(({ a, b }) => a === answer || b === answer);
    const head = `  round ${r + 1}  `;
    if (match === undefined) return `${head}no opponent`;
    const shown = figures(match);
    const [own, others] = match.a === answer ? shown : shown.toReversed();
    const other = match.a === answer ? match.b : match.a;
    const sign = disagrees(match) ? '~' : ' ';
    const figure = `${own} : ${others}${sign} ${String(other + 1).padStart(String(candidates.length).length)}  `;
    return `${head}${paint(figure, 'green')}${paint(fitted(candidates[other], width - head.length - figure.length), 'dim')}`;
  });
  return [`  ${paint(`answer ${answer + 1} wins`, 'green')}`, ...lines.map((line) => line.trimEnd())];
}
