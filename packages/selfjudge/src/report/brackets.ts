import { escaped } from './html.js';
import { promptText } from './promptText.js';

/** Answers of a tournament that is drawn in whole; of larger ones the winner's way is. */
const MOST_DRAWN = 16;

/** A tournament as `generate --best_of` and raft write it down. */
export interface RecordedTournament {
  prompt?: unknown;
  messages?: unknown;
  candidates: string[];
  tournament: { winner: number; rounds: RecordedRound[] };
}

interface RecordedRound {
  matches: { a: number; b: number; winner: number; verdict?: { winner?: unknown; probability?: unknown } }[];
  bye?: number;
}

/** Whether a row has a tournament whose answers are all there. */
export function isTournament(row: object): row is RecordedTournament {
  const { candidates, tournament } = row as Partial<RecordedTournament>;
  const known = (index: unknown) => Number.isInteger(index) && candidates?.[index as number] !== undefined;
  return (
    Array.isArray(candidates) &&
    candidates.every((text) => typeof text === 'string') &&
    typeof tournament === 'object' &&
    known(tournament?.winner) &&
    Array.isArray(tournament.rounds) &&
    tournament.rounds.every(
      (round: Partial<RecordedRound>) =>
        Array.isArray(round?.matches) &&
        round.matches.every((match) => known(match?.a) && known(match?.b) && known(match?.winner)) &&
        (round.bye === undefined || known(round.bye)),
    )
  );
}

/** Who met whom among the answers to a prompt, round by round from left to right, and who went on. */
export function bracket(row: RecordedTournament): string {
  const { candidates, tournament } = row;
  const { winner, rounds } = tournament;
  const whole = candidates.length <= MOST_DRAWN;
  const columns = rounds.map(({ matches, bye }, i) => {
    const shown = whole ? matches : matches.filter(({ a, b }) => a === winner || b === winner);
    const boxes = shown.map((match) => {
      const { probability, winner: by } = match.verdict ?? {};
      const share = typeof probability === 'number' ? [probability, 1 - probability] : [];
      const note =
        match.verdict === undefined
          ? 'the same text'
          : by === null
            ? 'no verdict: the first goes on'
            : by === 'tie'
              ? 'a tie: the first goes on'
              : undefined;
      const lines = [match.a, match.b].map((answer, side) =>
        line(candidates, answer, { wins: answer === match.winner, share: share[side] }),
      );
      return `<li>${lines.join('')}${note === undefined ? '' : `<small>${note}</small>`}</li>`;
    });
    const sits =
      bye !== undefined && (whole || bye === winner)
        ? [`<li>${line(candidates, bye, { wins: true })}<small>no opponent</small></li>`]
        : [];
    return `<ol aria-label="Round ${i + 1}">${[...sits, ...boxes].join('')}</ol>`;
  });
  const way = whole ? '' : `<p class="quiet">${candidates.length} answers: the way of the one that won.</p>`;
  return (
    `<article class="pair"><p class="prompt">${escaped(promptText(row.prompt ?? row.messages))}</p>${way}` +
    `<div class="scroll"><div class="bracket">${columns.join('')}</div></div>` +
    `<div class="answer wins"><h4>Answer ${winner + 1} · wins</h4><p>${escaped(candidates[winner])}</p></div></article>`
  );
}

function line(
  candidates: readonly string[],
  answer: number,
  { wins, share }: { wins: boolean; share?: number },
): string {
  const figure = share === undefined ? '' : `<span>${share.toFixed(2)}</span>`;
  return `<p class="${wins ? 'on' : 'out'}" title="${escaped(candidates[answer])}"><b>${answer + 1}</b><span>${escaped(candidates[answer])}</span>${figure}</p>`;
}
