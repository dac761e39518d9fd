import type { Random } from '@selfjudge/base';
import type { Tokenizer, TreeSequence } from '@selfjudge/text';
import { completionIds, promptIds } from '@selfjudge/data/internal';
import { readAnswer, wordsOf, type Item } from './answer.js';
import { CATEGORY_OF, NUMBER_WORDS, PRINCIPLES, SLOTS, SLOTS_OF, type Slot } from './facts.js';
import { gold, slotsOf } from './gold.js';
import type { WorldPrompt } from './prompts.js';
import { CORPUS_WRITERS, writeAnswer } from './writer.js';

/** Of two answers, which has a thing right. */
const FINDINGS = ['A', 'B', 'both', 'neither'] as const;
/** Questions about several slots, a pair. */
const OVERVIEWS = 4;

const sameSet = (a: readonly Slot[], b: readonly Slot[]) =>
  a.length === b.length && a.every((slot) => b.includes(slot));

/** What the base reads, endlessly: documents about the prompts of the corpus. */
export class Corpus {
  readonly #findings: number[];

  constructor(
    readonly tokenizer: Tokenizer,
    readonly prompts: readonly WorldPrompt[],
    readonly random: Random,
  ) {
    this.#findings = FINDINGS.map((finding) => this.#token(finding));
  }

  /** An instruction and an answer as people write them. */
  answer(): TreeSequence {
    const { tokenizer, random } = this;
    const prompt = random.choice(this.prompts);
    const answer = completionIds(tokenizer, writeAnswer(prompt, CORPUS_WRITERS, random), { eos: true });
    const tokens = [...promptIds(tokenizer, prompt.text), ...answer];
    return { tokens, targets: [[1, tokens.length]] };
  }

  /** An instruction and two answers to it. */
  pair(): { prompt: WorldPrompt; answers: string[] } {
    const prompt = this.random.choice(this.prompts);
    return { prompt, answers: [0, 1].map(() => writeAnswer(prompt, CORPUS_WRITERS, this.random)) };
  }

  /**
   * Two answers side by side, slot by slot: which has it right, and what a look at each finds. Asked as judges are asked.
   * Targets: the finding, with the other findings as candidates; what was found.
   */
  review(prompt: WorldPrompt, [a, b]: readonly string[]): TreeSequence[] {
    const { tokenizer } = this;
    const golds = [gold(prompt, a), gold(prompt, b)];
    const pair = promptIds(tokenizer, `${prompt.text} A ${a} B ${b}`);
    return slotsOf(prompt).map((slot) => {
      const worth = golds.map(({ slots }) => slots.get(slot)!);
      const evidence = golds.map((of) => this.#token(of.found.get(slot)!));
      return this.#found([...pair, this.#token(slot)], worth, 1, evidence);
    });
  }

  /**
   * The same, of several slots at once: which has more of them right, of those that the instruction has. Which slots make a
   * principle is never asked. Target: the finding, with the other findings as candidates.
   */
  overview(prompt: WorldPrompt, [a, b]: readonly string[]): TreeSequence[] {
    const { tokenizer, random } = this;
    const golds = [gold(prompt, a), gold(prompt, b)];
    const pair = promptIds(tokenizer, `${prompt.text} A ${a} B ${b}`);
    const has = new Set(slotsOf(prompt));
    return Array.from({ length: OVERVIEWS }, () => random.sample(SLOTS, random.choice([2, 2, 3]))).flatMap(
      (asked) => {
        const own = asked.filter((slot) => has.has(slot));
        if (own.length === 0 || PRINCIPLES.some((principle) => sameSet(SLOTS_OF[principle], asked)))
          return [];
        const [ofA, ofB] = golds.map(({ slots }) => own.reduce((sum, slot) => sum + slots.get(slot)!, 0));
        return [
          this.#found([...pair, ...asked.map((slot) => this.#token(slot))], [ofA, ofB], own.length, []),
        ];
      },
    );
  }

  /** A question and its finding: who of two has more, of at most `most`; then words that show it. */
  #found(question: number[], [ofA, ofB]: number[], most: number, evidence: number[]): TreeSequence {
    const found = ofA > ofB ? 0 : ofA < ofB ? 1 : ofA === most ? 2 : 3;
    const at = question.length;
    return {
      tokens: [...question, this.#findings[found], ...evidence],
      targets: [[at, at + 1], ...(evidence.length === 0 ? [] : [[at + 1, at + 1 + evidence.length]])] as [
        number,
        number,
      ][],
      candidates: [{ position: at - 1, labels: this.#findings.filter((_, i) => i !== found) }],
    };
  }

  /**
   * The same pair as a proofreader reads it, who says after a word what is wrong with it: branches of the review's own text,
   * each ended by the slot that the word fails, or `right`; after an answer's last word, how many items it has. Target: what is said.
   */
  proofread(prompt: WorldPrompt, answers: readonly string[]): TreeSequence[] {
    const { tokenizer } = this;
    const before = promptIds(tokenizer, prompt.text).slice(0, -1);
    let read = [...before];
    const sequences: TreeSequence[] = [];
    answers.forEach((text, i) => {
      read = [...read, this.#token('AB'[i])];
      const remarks = remarksOn(prompt, text);
      wordsOf(text).forEach((word, at) => {
        read = [...read, this.#token(word)];
        const said = remarks.get(at);
        // Most words are right: half of those say it.
        if (said === undefined || (said === 'right' && this.random.uniform() < 0.5)) return;
        const tokens = [...read, this.#token(said)];
        sequences.push({ tokens, targets: [[read.length, tokens.length]] });
      });
    });
    return sequences;
  }

  #token(word: string): number {
    return this.tokenizer.encode(` ${word}`)[0];
  }
}

/** Position of a word or mark -> what is said of it. Nothing where the text has not the shape of an answer. */
function remarksOn(prompt: WorldPrompt, text: string): Map<number, string> {
  const answer = readAnswer(text);
  const remarks = new Map<number, string>();
  if (answer === undefined) return remarks;
  const slots = new Set(slotsOf(prompt));
  const words = wordsOf(text);
  let item = -1;
  words.forEach((word, at) => {
    if (CATEGORY_OF.has(word)) remarks.set(at, remarkOn(prompt, answer.items, ++item, slots));
    else if (/^\d/.test(word) && slots.has('numbers')) {
      const { items, total } = answer;
      const last = at > 1 && words[at - 1] === 'Total';
      const right = last
        ? gold(prompt, text).slots.get('total') === 1 && total !== undefined
        : items[item].word.length === Number(word);
      remarks.set(at, right ? 'right' : last ? 'total' : 'numbers');
    }
  });
  if (!remarks.has(words.length - 1))
    remarks.set(words.length - 1, NUMBER_WORDS[Math.min(NUMBER_WORDS.length - 1, answer.items.length)]);
  return remarks;
}

/** The first slot that an item fails. */
function remarkOn(
  { category, order, letter }: WorldPrompt,
  items: readonly Item[],
  i: number,
  slots: ReadonlySet<Slot>,
): string {
  const { word } = items[i];
  if (CATEGORY_OF.get(word) !== category) return 'items';
  if (items.findIndex((item) => item.word === word) < i) return 'repeats';
  if (slots.has('letter') && word[0] === letter) return 'letter';
  const before = items[Math.max(0, i - 1)].word;
  if (slots.has('order') && (order === 'reverse' ? before < word : before > word)) return 'order';
  return 'right';
}
