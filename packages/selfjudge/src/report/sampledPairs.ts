import { escaped } from './html.js';
import { promptText } from './promptText.js';
import type { RunReport, SampledPair } from './runReport.js';

const FATES: Readonly<Record<string, string>> = {
  equal: 'the same text twice: no pair',
  cut: 'cut before its end: no pair',
  tie: 'a tie: no pair',
  null: 'no verdict: no pair',
};

/** Sampled pairs of the first and the last step, each with what the judge said in both orders. */
export function sampledPairs({ samples }: RunReport): string {
  const parts = samples.map(({ name, pairs }) => {
    const step = name.replace('step-', 'Step ');
    return `<h3>${escaped(step)}</h3>${pairs.map(pairCard).join('\n')}`;
  });
  return parts.join('\n');
}

/** A pair with both answers, who won and by how much. */
export function pairCard(pair: SampledPair): string {
  const { a, b, fate, winner, probability } = pair;
  const side = (name: 'a' | 'b', text: unknown) => {
    const wins = winner === name;
    const share =
      typeof probability === 'number' ? (name === 'a' ? probability : 1 - probability) : undefined;
    const head = [`Answer ${name.toUpperCase()}`, share?.toFixed(2), wins ? 'wins' : undefined]
      .filter((part) => part !== undefined)
      .join(' · ');
    return `<div class="answer${wins ? ' wins' : ''}"><h4>${head}</h4><p>${escaped(String(text ?? ''))}</p></div>`;
  };
  const lost =
    typeof fate === 'string' && fate !== 'pair' ? `<p class="quiet">${FATES[fate] ?? escaped(fate)}</p>` : '';
  return (
    `<article class="pair"><p class="prompt">${escaped(promptText(pair.prompt))}</p>` +
    `<div class="answers">${side('a', a)}${side('b', b)}</div>${votes(pair.votes)}${lost}</article>`
  );
}

/** Of each question, how probable A is with A shown first and with B shown first. */
function votes(given: unknown): string {
  if (!Array.isArray(given) || given.length === 0) return '';
  const share = (order: unknown) => {
    const [pA, pB] = Array.isArray(order) ? order.map(Number) : [];
    return Number.isFinite(pA / (pA + pB)) ? (pA / (pA + pB)).toFixed(2) : '-';
  };
  const rows = given.map((vote: { principle?: unknown; ab?: unknown; ba?: unknown }) => {
    const [first, second] = [share(vote.ab), share(vote.ba)];
    const turned = second === '-' ? '-' : (1 - Number(second)).toFixed(2);
    return `<tr><th scope="row">${escaped(String(vote.principle))}</th><td>${first}</td><td>${turned}</td></tr>`;
  });
  return (
    '<table class="votes"><thead><tr><th scope="col">question</th><th scope="col">A better, A shown first</th>' +
    `<th scope="col">A better, B shown first</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
  );
}
