import type { Message } from '@selfjudge/text';

import type { Row } from '../convert.js';
import type { Outcome } from '../problem.js';
import { noText, question, wrong } from './columns.js';

/** Alpaca's rows, and the answers of a model as AlpacaEval keeps them: `{instruction, input, output}`. */
export const alpaca = {
  columns: ['instruction', 'output'],
  read(row: Row): Outcome<Row> {
    const { id, instruction, input, output } = row;
    const fault = noText({ ...row, input: input ?? '' }, 'instruction', 'input', 'output');
    if (fault) return fault;
    return { value: { id, prompt: question(instruction, input), completion: output } };
  },
};

/** Questions of MT-bench and Vicuna's benchmark, a text a turn: the first is the prompt. */
export const questions = {
  columns: ['question_id', 'turns'],
  read({ question_id: id, turns }: Row): Outcome<Row> {
    const [first] = Array.isArray(turns) ? (turns as unknown[]) : [];
    return typeof first === 'string'
      ? { value: { id, prompt: question(first) } }
      : wrong('turns, a list of texts', turns);
  },
};

/** RewardBench: a preference, whose prompt is a user's turn. */
export const rewardBench = {
  columns: ['prompt', 'chosen', 'rejected', 'chosen_model', 'rejected_model'],
  read({ id, prompt, chosen, rejected }: Row): Outcome<Row> {
    return {
      value: { id, prompt: typeof prompt === 'string' ? question(prompt) : prompt, chosen, rejected },
    };
  },
};

/** HHH alignment: `{input, targets: {choices, labels}}`, one choice of two labelled 1. */
export const hhh = {
  columns: ['input', 'targets'],
  read(row: Row): Outcome<Row> {
    const fault = noText(row, 'input');
    if (fault) return fault;
    const { id, input, targets } = row;
    const { choices, labels } = (targets ?? {}) as { choices?: unknown; labels?: unknown };
    const isPair =
      Array.isArray(choices) && choices.length === 2 && Array.isArray(labels) && labels.length === 2;
    if (!isPair || labels.filter((label) => label === 1).length !== 1)
      return wrong('targets of two choices and their labels, one of them 1', targets);
    const chosen = labels.indexOf(1);
    return { value: { id, prompt: question(input), chosen: choices[chosen], rejected: choices[1 - chosen] } };
  },
};

const ROLES: Readonly<Record<string, Message['role']>> = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  system: 'system',
};

/** ShareGPT: `{conversations: [{from, value}]}`. */
export const shareGpt = {
  columns: ['conversations'],
  read({ id, conversations, system }: Row): Outcome<Row> {
    if (!Array.isArray(conversations)) return wrong('conversations, a list', conversations);
    const messages: Message[] =
      typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : [];
    for (const [i, turn] of conversations.entries()) {
      const { from, value } = (turn ?? {}) as { from?: unknown; value?: unknown };
      const role = typeof from === 'string' && Object.hasOwn(ROLES, from) ? ROLES[from] : undefined;
      if (role === undefined || typeof value !== 'string')
        return wrong(
          `conversations[${i}] with from (${Object.keys(ROLES).join(', ')}) and value, a text`,
          turn,
        );
      messages.push({ role, content: value });
    }
    return { value: { id, messages } };
  },
};
