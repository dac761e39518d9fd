import type { JudgePair } from '@selfjudge/judging';
import { contextText } from '@selfjudge/judging/internal';
import { FlowingText } from '../chat/flowingText.js';
import { harmless, painter, widthOf, type Screen } from '../terminal.js';

const MARGIN = '  ';
const KEYS = '1 first   2 second   t tie   s skip   u take the last back   q leave';

/** Shows a prompt and two answers, in this order, and the keys there are; control characters as pictures of themselves. */
export function showPair(screen: Screen, { prompt, a, b }: JudgePair, place: string): void {
  const paint = painter(screen);
  const width = widthOf(screen);
  /** Rules stand at the margin and texts do not, so that no text can pass for the next part. */
  const flowing = (text: string) => {
    let lines = '';
    const flow = new FlowingText({ write: (piece) => (lines += piece) }, width - MARGIN.length);
    flow.write(harmless(text));
    flow.end();
    return lines.replace(/^(?=.)/gm, MARGIN);
  };
  const part = (title: string, text: string) => {
    const rule = `── ${title} `;
    screen.write(`${paint(rule + '─'.repeat(Math.max(0, width - rule.length)), 'bold')}\n`);
    if (text === '') return void screen.write(`${MARGIN}${paint('(no text)', 'dim')}\n`);
    screen.write(flowing(text));
  };
  screen.write('\n');
  part(place === '' ? 'prompt' : `prompt · ${place}`, contextText(prompt));
  part('1', a);
  part('2', b);
  screen.write(paint(flowing(KEYS), 'dim'));
  screen.write('> ');
}

/** What became of it, behind the mark that stands for a key. */
export const showSaid = (screen: Screen, line: string): void => void screen.write(`${line}\n`);
