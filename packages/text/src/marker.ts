/** What looks like a marker of a turn: <|im_start|>, <start_of_turn>. */
export const MARKER = /<\|[^\s<>|]{1,64}\|>|<(?:start|end)_of_\w{1,32}>/;
