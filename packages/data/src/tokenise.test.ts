import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TreeBatch } from '@selfjudge/engine';
import { byteTokenizer, Tokenizer } from '@selfjudge/text';
import type { Message, TreeSequence } from '@selfjudge/text';
import { describe, expect, it } from 'vitest';

import {
  answeredIds,
  completionIds,
  preferenceSequences,
  promptIds,
  sftSequence,
  sftSequences,
} from './tokenise.js';

const tokenizer = byteTokenizer();
const TURN = 258;
const u = (content: string): Message => ({ role: 'user', content });
const a = (content: string): Message => ({ role: 'assistant', content });
const conversation = [u('one'), a('two'), u('three'), a('four')];

/** The texts of the labels, a range each. */
function labels({ tokens, targets = [] }: TreeSequence): string[] {
  const ids = Array.from(tokens);
  return targets.map(([start, end]) => tokenizer.decode(ids.slice(start, end)));
}

describe('prompt and completion', () => {
  it('join exactly', () => {
    const prompt = promptIds(tokenizer, 'q');
    expect(prompt).toEqual(promptIds(tokenizer, [u('q')]));
    expect(tokenizer.decode(prompt)).toBe('<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n');
    expect(completionIds(tokenizer, 'a', { eos: false })).toEqual([97]);
    expect(completionIds(tokenizer, 'a', { eos: true })).toEqual([97, TURN]);
    expect(completionIds(tokenizer, '<|im_end|>', { eos: true }).filter((id) => id === TURN)).toHaveLength(1);
  });
});

describe('sftSequence', () => {
  it('labels the last answer and the end of its turn', () => {
    const { sequence, cut } = sftSequence(tokenizer, { messages: conversation }).value!;
    expect(labels(sequence)).toEqual(['four<|im_end|>']);
    expect(cut).toBe(0);
    const prompt = promptIds(tokenizer, conversation.slice(0, -1));
    expect(Array.from(sequence.tokens).slice(0, prompt.length)).toEqual(prompt);
    expect(sequence.targets).toEqual([[prompt.length, sequence.tokens.length]]);
  });

  it('labels each answer when asked', () => {
    const { sequence } = sftSequence(tokenizer, { messages: conversation }, { trainOn: 'all' }).value!;
    expect(labels(sequence)).toEqual(['two<|im_end|>', 'four<|im_end|>']);
    const last = sftSequence(tokenizer, { messages: conversation }).value!.sequence;
    expect(sequence.tokens).toEqual(last.tokens);
  });

  it('labels the end also where it is the padding token', () => {
    const { files } = tokenizer;
    const padded = new Tokenizer({ ...files, config: { ...files.config, pad_token: '<|im_end|>' } });
    expect(padded.pad).toBe(TURN);
    expect(labels(sftSequence(padded, { messages: conversation }).value!.sequence)).toEqual([
      'four<|im_end|>',
    ]);
  });

  it('follows templates that trim, and ones without turn ends', () => {
    const messages = [u('one'), a(' two\n'), u('three'), a('four ')];
    const trimming = withTemplate("'<|im_start|>' + m.role + '\n' + (m.content | trim) + '<|im_end|>'");
    const all = sftSequence(trimming, { messages }, { trainOn: 'all' }).value!;
    expect(labels(all.sequence)).toEqual(['two<|im_end|>', 'four<|im_end|>']);
    const endless = withTemplate("'<|im_start|>' + m.role + '\n' + m.content + '\n'");
    const { sequence } = sftSequence(endless, { messages: conversation }, { trainOn: 'all' }).value!;
    expect(labels(sequence)).toEqual(['two', 'four<|im_end|>']);
  });

  it('names a template that rewrites earlier answers', () => {
    const hiding = withTemplate(
      "'<|im_start|>' + m.role + '\n' + (m.content if loop.last else '-') + '<|im_end|>'",
    );
    const outcome = sftSequence(hiding, { messages: conversation }, { trainOn: 'all' });
    expect(outcome.problem?.code).toBe('unstable-template');
    expect(sftSequence(hiding, { messages: conversation }).value).toBeDefined();
    // Then each turn is a sequence of its own, as a row that ends there.
    const turns = sftSequences(hiding, { messages: conversation }, { trainOn: 'all' }).value!;
    const rows = [2, 4].map((end) => sftSequence(hiding, { messages: conversation.slice(0, end) }).value!);
    expect(turns).toEqual(rows);
    const short = { trainOn: 'all', maxLength: rows[0].sequence.tokens.length } as const;
    expect(sftSequences(hiding, { messages: conversation }, short).value).toEqual(rows.slice(0, 1));
  });

  it('names what a template refuses', () => {
    const strict = withTemplate(
      "raise_exception('turns must take turns') if m.content == 'no' else m.content",
    );
    const refused = sftSequence(strict, { messages: [u('no'), a('four')] });
    expect(refused.problem).toMatchObject({
      code: 'refused',
      reason: expect.stringContaining('turns must take turns'),
    });
    const pair = { prompt: 'no', chosen: 'yes', rejected: 'n' };
    expect(preferenceSequences(strict, pair).problem?.code).toBe('refused');
  });

  it('cuts long answers without an end, and refuses prompts that leave no room', () => {
    const full = sftSequence(tokenizer, { messages: conversation }).value!.sequence;
    const length = full.tokens.length;
    const { sequence, cut } = sftSequence(
      tokenizer,
      { messages: conversation },
      { maxLength: length - 3 },
    ).value!;
    expect(labels(sequence)).toEqual(['fo']);
    expect(cut).toBe(3);
    const prompt = full.targets![0][0];
    const outcome = sftSequence(tokenizer, { messages: conversation }, { maxLength: prompt });
    expect(outcome.problem?.code).toBe('prompt-too-long');
    expect(outcome.problem?.reason).toContain(String(prompt));
  });
});

it('gives both sides of a preference one prompt', () => {
  const pair = { prompt: 'q', chosen: 'yes', rejected: 'no' };
  const { chosen, rejected } = preferenceSequences(tokenizer, pair).value!;
  expect([labels(chosen.sequence), labels(rejected.sequence)]).toEqual([['yes<|im_end|>'], ['no<|im_end|>']]);
  const prompt = promptIds(tokenizer, 'q').length;
  // The prompt once, 3 rows of 'yes', 2 of 'no': each last token is a label only.
  expect(TreeBatch.from([chosen.sequence, rejected.sequence]).rows).toBe(prompt + 3 + 2);
  expect(preferenceSequences(tokenizer, pair, { maxLength: 5 }).problem?.code).toBe('prompt-too-long');
});

it('gives a conversation whole, to the last token that the template writes', () => {
  const told = answeredIds(tokenizer, 'q', 'yes');
  expect(tokenizer.decode(told)).toBe(
    '<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>\n',
  );
  expect(told.slice(0, -1)).toEqual([
    ...promptIds(tokenizer, 'q'),
    ...completionIds(tokenizer, 'yes', { eos: true }),
  ]);
});

describe('text as it stands', () => {
  const path = fileURLToPath(
    new URL('../../../benchmarks/peers/fixtures/standard_text.json', import.meta.url),
  );
  const rows = JSON.parse(readFileSync(path, 'utf8')) as {
    prompt: string;
    chosen: string;
    rejected: string;
    pair: { prompt: number[]; chosen: number[]; rejected: number[] };
    sft: { prompt: number[]; completion: number[] };
  }[];
  const own = byteTokenizer({ words: [' tea', 'xyz'] });

  it.each(rows)("has TRL's ids: $prompt", ({ prompt, chosen, rejected, pair, sft }) => {
    const text = { text: prompt };
    const sides = preferenceSequences(own, { prompt: text, chosen, rejected }).value!;
    const side = (answer: number[]) => ({
      tokens: [...pair.prompt, ...answer],
      targets: [[pair.prompt.length, pair.prompt.length + answer.length]],
    });
    expect(answeredIds(own, text, chosen)).toEqual([...pair.prompt, ...pair.chosen]);
    expect(sides.chosen.sequence).toEqual(side(pair.chosen));
    expect(sides.rejected.sequence).toEqual(side(pair.rejected));
    const { sequence } = sftSequence(own, { prompt: text, completion: chosen }).value!;
    const { length } = sft.prompt;
    expect(sequence.tokens).toEqual([...sft.prompt, ...sft.completion]);
    expect(sequence.targets).toEqual([[length, length + sft.completion.length]]);
    expect(promptIds(own, text)).toEqual(own.encode(prompt, { special: true }));
  });

  it('has to leave a token to the prompt', () => {
    const pair = { prompt: { text: 'x' }, chosen: 'yz', rejected: 'z' };
    expect(preferenceSequences(own, pair).problem?.reason).toContain('a token before that of the answer');
  });
});

/** A tokenizer whose template writes each message as `turn` says and opens the assistant's likewise. */
function withTemplate(turn: string): Tokenizer {
  const open = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
  const chatTemplate = `{% for m in messages %}{{ ${turn} }}{% endfor %}${open}`;
  return new Tokenizer({ ...tokenizer.files, chatTemplate });
}
