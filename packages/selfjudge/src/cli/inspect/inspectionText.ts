import type { Inspection, PartCounts } from '../../training/inspection.js';
import type { ShownPart, ShownSequence, TokenKind } from '@selfjudge/training';
import { counted, grouped, type Paint } from '../terminal.js';
import { sequenceLines, type SequenceOptions } from './sequenceLines.js';
import { tokenPieces } from './tokenPieces.js';

/** Rows left out that are named; --json names all. */
const MOST_NAMED = 20;

/** An inspection for people: the rows' tokens, then figures, then what was left out. */
export function inspectionText(found: Inspection, options: SequenceOptions): string {
  const { paint } = options;
  const { file, as, limit, shown } = found;
  const title = `${paint(file, 'bold')} as ${paint(as, 'bold')} reads it, at most ${counted(limit, 'token')}`;
  const legend = options.coloured
    ? `${paint(' prompt ', 'onGrey')}${paint(' control ', 'onBlue')} read   ` +
      `${paint(' trained ', 'onGreen')}${paint(' control ', 'onTeal')} labels${otherLabels(found, paint)}`
    : paint('│ ends a token, ⏎ is a line break in it', 'dim');
  const rows = shown.flatMap(({ line, parts }) =>
    parts.map((part) => partText(`${file}:${line}`, part, found, options)),
  );
  return [title, legend, '', ...rows, summary(found, paint), leftOut(found, paint)].join('\n').trimEnd();
}

/** The colours of labels beside the answers', where there are such. */
function otherLabels({ counts }: Inspection, paint: Paint): string {
  const colours = { reward: 'onAmber', verdict: 'onAmber', rationale: 'onPurple' } as const;
  const found = Object.entries(colours).filter(([kind]) =>
    Object.values(counts).some(({ labels }) => Object.hasOwn(labels, kind)),
  );
  return found.length === 0 ? '' : `   ${found.map(([kind, colour]) => paint(` ${kind} `, colour)).join('')}`;
}

function partText(place: string, part: ShownPart, found: Inspection, options: SequenceOptions): string {
  const { paint } = options;
  if (part.problem) {
    const { code, reason } = part.problem;
    return `${paint(place, 'bold')} ${part.what} left out: ${paint(code, 'yellow')} ${reason}\n`;
  }
  const texts = part.sequences.map((sequence, s) => {
    const labels = sequence.kinds.filter((kind) => kind !== 'prompt').length;
    const facts = `${counted(sequence.tokens.length, 'token')}, ${labelWords(sequence, labels)}`;
    const head = `${paint(place, 'bold')} ${sequence.name} ${paint(facts, 'dim')}`;
    const pieces = tokenPieces(found.tokenizer, sequence.tokens);
    const shared = sharedPrompt(part.sequences[s - 1], sequence);
    const lines = sequenceLines(pieces.slice(shared), sequence.kinds.slice(shared), options);
    if (shared > 0) lines.unshift(paint(`   prompt  the same ${counted(shared, 'token')}`, 'dim'));
    return [head, ...lines, ''].join('\n');
  });
  const cut =
    part.cut > 0 ? [paint(`${place} ${counted(part.cut, 'answer')} cut, without an end\n`, 'yellow')] : [];
  return [...texts, ...cut].join('\n');

  function labelWords({ verdicts, kinds }: ShownSequence, labels: number): string {
    if (kinds.includes('reward')) return 'the last one gives the reward';
    if (verdicts === undefined) return `${grouped(labels)} trained`;
    const [a, b] = verdicts.map((id) => JSON.stringify(found.tokenizer.tokenText(id)));
    return `then ${a} or ${b}`;
  }
}

/** Tokens of the prompt of `next` where they are those of `before`; 0 where they are not. */
function sharedPrompt(before: ShownSequence | undefined, next: ShownSequence): number {
  const end = next.kinds.findIndex((kind) => kind !== 'prompt');
  if (before === undefined || end <= 0 || before.kinds.findIndex((kind) => kind !== 'prompt') !== end)
    return 0;
  return next.tokens.slice(0, end).every((token, i) => token === before.tokens[i]) ? end : 0;
}

function summary({ counts, rows, otherSplits, notes }: Inspection, paint: Paint): string {
  const lines = [
    `${paint(counted(rows, 'row'), 'bold')}${otherSplits > 0 ? `, ${grouped(otherSplits)} of other splits` : ''}`,
  ];
  for (const [what, count] of Object.entries(counts)) lines.push(countLine(what, count, paint));
  for (const note of notes) lines.push(`  ${paint('note', 'yellow')} ${note}`);
  return `${lines.join('\n')}\n`;
}

const LABEL_WORDS: Record<Exclude<TokenKind, 'prompt'>, string> = {
  trained: 'trained',
  verdict: 'verdicts',
  rationale: 'of rationales',
  reward: 'with a reward',
};

function countLine(what: string, counts: PartCounts, paint: Paint): string {
  const { used, sequences, tokens, labels, longest, median, cut } = counts;
  const kinds = Object.entries(labels).map(
    ([kind, count]) => `${grouped(count)} ${LABEL_WORDS[kind as keyof typeof LABEL_WORDS]}`,
  );
  const share = labels.trained === undefined ? '' : ` (${((100 * labels.trained) / tokens).toFixed(0)}%)`;
  const facts = [
    counted(used, what),
    ...(sequences === used ? [] : [counted(sequences, 'sequence')]),
    [counted(tokens, 'token'), ...kinds].join(', ') + share,
    `longest ${grouped(longest.tokens)} on line ${longest.line}`,
    `median ${grouped(median)}`,
    ...(cut > 0 ? [paint(`${counted(cut, 'answer')} cut, without an end`, 'yellow')] : []),
  ];
  return `  ${facts.join(' · ')}`;
}

function leftOut({ leftOut: all, file }: Inspection, paint: Paint): string {
  if (all.length === 0) return '';
  const lines = all
    .slice(0, MOST_NAMED)
    .map(
      ({ line, what, code, reason }) =>
        `  ${paint(`${file}:${line}`, 'bold')} ${what} ${paint(code, 'yellow')} ${reason}`,
    );
  const more =
    all.length > MOST_NAMED ? [`  and ${grouped(all.length - MOST_NAMED)} more (--json names all)`] : [];
  return [`${paint(`${grouped(all.length)} left out`, 'bold', 'yellow')}`, ...lines, ...more].join('\n');
}
