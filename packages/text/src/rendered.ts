/** A stretch of rendered text: a control token, which came from the template, or plain text. */
export interface Piece {
  readonly text: string;
  /** The control token's id; absent for plain text. */
  readonly control?: number;
}

/** A rendered conversation. The texts of `pieces` joined are `text`, exactly. */
export interface RenderedText {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

export function rendered(pieces: readonly Piece[]): RenderedText {
  return { text: pieces.map((piece) => piece.text).join(''), pieces };
}

/** `r` followed by plain `text`: control-token strings in it stay text, and it joins the text before it. */
export function appendText(r: RenderedText, text: string): RenderedText {
  if (text === '') return r;
  const last = r.pieces.at(-1);
  if (last === undefined || last.control !== undefined) return rendered([...r.pieces, { text }]);
  return rendered([...r.pieces.slice(0, -1), { text: last.text + text }]);
}

/**
 * What `r` says after its first `from` characters (UTF-16 units).
 * @returns undefined where that would cut a control token in two
 */
export function sliceRendered(r: RenderedText, from: number): RenderedText | undefined {
  const pieces: Piece[] = [];
  let start = 0;
  for (const piece of r.pieces) {
    const cut = Math.max(0, from - start);
    start += piece.text.length;
    if (cut === 0) pieces.push(piece);
    else if (cut < piece.text.length) {
      if (piece.control !== undefined) return undefined;
      pieces.push({ text: piece.text.slice(cut) });
    }
  }
  return rendered(pieces);
}

/** The first `length` characters of `r`; a control token that they would cut in two is left out. */
export function headOf(r: RenderedText | undefined, length: number): RenderedText {
  const pieces: Piece[] = [];
  let left = length;
  for (const piece of r?.pieces ?? []) {
    if (left <= 0 || (piece.control !== undefined && piece.text.length > left)) break;
    pieces.push(piece.text.length <= left ? piece : { text: piece.text.slice(0, left) });
    left -= piece.text.length;
  }
  return rendered(pieces);
}

/** `a` followed by `b`; plain text of both joins. */
export function joined(a: RenderedText, b: RenderedText): RenderedText {
  return b.pieces.reduce(
    (all, piece) =>
      piece.control === undefined ? appendText(all, piece.text) : rendered([...all.pieces, piece]),
    a,
  );
}
