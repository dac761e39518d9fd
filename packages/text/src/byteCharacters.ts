import { replaceAligned, type Aligned } from './aligned.js';

/** A character that stands for each byte in a byte-level vocabulary: itself where it prints, else one from U+0100 on. */
export const BYTE_CHARACTERS: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (prints(byte)) return String.fromCharCode(byte);
  let hidden = 0;
  for (let b = 0; b < byte; b++) if (!prints(b)) hidden++;
  return String.fromCharCode(256 + hidden);
});

const BYTES = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

function prints(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

/** The characters that stand for the bytes of `text`. */
export function byteCharacters(text: string): string {
  let out = '';
  for (const byte of Buffer.from(text)) out += BYTE_CHARACTERS[byte];
  return out;
}

/** The same with where each came from: all bytes of a character from the whole of it. */
export const bytesAligned = (source: Aligned): Aligned => replaceAligned(source, /[^]/gu, byteCharacters);

/** The bytes that a token's characters stand for; those of its text where one of them stands for none. */
export function bytesOf(token: string): number[] {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = BYTES.get(character);
    if (byte === undefined) return [...Buffer.from(token)];
    bytes.push(byte);
  }
  return bytes;
}
