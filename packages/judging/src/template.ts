import type { JudgeReasoning } from './reasoning.js';

/** What a question is made of. Each part may have {principle}. */
export interface JudgeParts {
  system?: string;
  /** Holds {context}, {response_a} and {response_b}; best in this order, for both orders share what comes before. */
  user?: string;
  /** Begins the assistant's turn; ends right before the verdict. */
  assistant?: string;
}

/** A view under which two responses are compared. A part that it has stands in the place of the template's. */
export interface JudgePrinciple extends JudgeParts {
  /** Names the vote, and the label in training data. */
  name: string;
  /** What stands for {principle}; may be left out where no part of the question has that. */
  text?: string;
}

/** How the conversation is shown that stands for {context}. */
export interface ShownConversation {
  /** `User:`, `Assistant:` and the like before turns. Default 'several': where there is more than one turn. */
  speakers?: 'several' | 'always' | 'never';
  /** Whether turns of system and developer are shown. Default 'keep'. */
  system?: 'keep' | 'drop';
}

/**
 * How a judge is asked. The model reads the user text, its own turn is opened with `assistant`, and the very next
 * token is the verdict. `{{word}}` in a part is the text `{word}`.
 */
export interface JudgeTemplate extends JudgeParts {
  name: string;
  /** Texts of the verdicts, each one token after `assistant`. */
  verdicts: { a: string; b: string };
  /** One question each; none: one question in all. */
  principles: JudgePrinciple[];
  conversation?: ShownConversation;
  /**
   * What follows the verdict in training: with {rationale_a} and {rationale_b}, reasons about each response, or with
   * {rationale}, one text. Never generated to judge.
   */
  rationale?: string;
  /** Whether the judge reads reasoning (`<think>...</think>`) at the head of an answer. Default 'drop': what follows it. */
  reasoning?: JudgeReasoning;
}
