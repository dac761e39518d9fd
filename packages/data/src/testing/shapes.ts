import type { ToldShape } from '../shapes.js';

export const user = (content: string) => ({ role: 'user', content });
export const assistant = (content: string) => ({ role: 'assistant', content });
/** An answer of UltraFeedback. */
export const rated = (response: string, ratings: Record<string, string>, rationale?: string) => ({
  response,
  custom_system_prompt: 'Be helpful.',
  annotations: Object.fromEntries(
    Object.entries(ratings).map(([name, Rating]) => [
      name,
      { Rating, ...(rationale && { Rationale: rationale }) },
    ]),
  ),
});

/** A row of each shape, and what is read of it. */
export const SHAPED: Record<ToldShape, { row: Record<string, unknown>; read: Record<string, unknown> }> = {
  ultrafeedback: {
    row: {
      source: 'x',
      instruction: 'q',
      completions: [
        rated('longer, of equals', { helpfulness: '4', honesty: '3' }, 'It helps.'),
        rated('short', { helpfulness: '3', honesty: '4' }, 'It is honest.'),
        rated('worse', { helpfulness: '2', honesty: '4', truthfulness: 'N/A' }, 'It is brief.'),
      ],
    },
    read: {
      prompt: [user('q')],
      chosen: 'longer, of equals',
      rejected: 'worse',
      labels: { helpfulness: 'chosen', honesty: 'rejected' },
      rationales: {
        helpfulness: { chosen: 'It helps.', rejected: 'It is brief.' },
        honesty: { chosen: 'It helps.', rejected: 'It is brief.' },
      },
    },
  },
  pandalm: {
    row: {
      idx: 3,
      instruction: 'Shorten.',
      input: 'A text.',
      response1: 'one',
      response2: 'two',
      annotator1: 2,
      annotator2: 1,
      annotator3: 2,
    },
    read: { id: 3, prompt: [user('Shorten.\n\nA text.')], completions: ['one', 'two'], winner: 'b' },
  },
  llmbar: {
    row: { input: 'q', output_1: 'one', output_2: 'two', label: 1 },
    read: { prompt: [user('q')], completions: ['one', 'two'], winner: 'a' },
  },
  'alpaca-eval': {
    row: { instruction: 'q', output_1: 'one', output_2: 'two', preference: 1.5, annotator: 'x' },
    read: { prompt: [user('q')], completions: ['one', 'two'], winner: 'tie' },
  },
  arena: {
    row: {
      question_id: 81,
      model_a: 'x',
      model_b: 'y',
      winner: 'model_b',
      turn: 1,
      conversation_a: [user('q'), assistant('one'), user('and?'), assistant('more')],
      conversation_b: [user('q'), assistant('two'), user('and?'), assistant('more')],
    },
    read: {
      completions: [
        [user('q'), assistant('one')],
        [user('q'), assistant('two')],
      ],
      winner: 'b',
    },
  },
  'arena-pairs': {
    row: {
      prompt: '["q"]',
      response_a: '["one"]',
      response_b: '["two"]',
      winner_model_a: 0,
      winner_model_b: 0,
      winner_tie: 1,
    },
    read: { prompt: [user('q')], completions: ['one', 'two'], winner: 'tie' },
  },
  rewardbench: {
    row: { prompt: 'q', chosen: 'one', rejected: 'two', chosen_model: 'x', rejected_model: 'y', subset: 's' },
    read: { prompt: [user('q')], chosen: 'one', rejected: 'two' },
  },
  'rewardbench-2': {
    row: {
      id: '7',
      prompt: 'q',
      chosen: ['one'],
      rejected: ['two'],
      num_correct: 1,
      num_incorrect: 1,
      total_completions: 2,
      models: ['x', 'y'],
      subset: 'Math',
    },
    read: {
      id: '7/0/0',
      prompt: [user('q')],
      completions: ['one', 'two'],
      winner: 'a',
      subset: 'Math',
      best_of: { id: '7', right: 0, wrong: 0 },
    },
  },
  hhh: {
    row: { input: 'q', targets: { choices: ['no', 'yes'], labels: [0, 1] } },
    read: { prompt: [user('q')], chosen: 'yes', rejected: 'no' },
  },
  sharegpt: {
    row: {
      conversations: [
        { from: 'human', value: 'q' },
        { from: 'gpt', value: 'yes' },
      ],
    },
    read: { messages: [user('q'), assistant('yes')] },
  },
  questions: {
    row: { question_id: 81, category: 'writing', turns: ['q', 'and?'] },
    read: { id: 81, prompt: [user('q')] },
  },
  alpaca: {
    row: { instruction: 'q', input: '', output: 'yes', generator: 'x' },
    read: { prompt: [user('q')], completion: 'yes' },
  },
};
