import { isAscii, normalised } from '../split.js';

const WORD = /[\p{L}\p{M}\p{N}]+/gu;
/** Scripts that put no space between words: each character counts as one. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
const PARTS =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]\p{M}*|[^\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]+/gu;

/** The words of a text, in lower case and NFKC: runs of letters, marks and digits; of scripts without spaces each character. */
export function wordsOf(text: string): string[] {
  const words = normalised(text).match(WORD) ?? [];
  return UNSPACED.test(text)
    ? words.flatMap((word) => (UNSPACED.test(word) ? (word.match(PARTS) ?? []) : [word]))
    : words;
}

/** Of FNV-1a. */
const [BASIS, PRIME] = [0x811c9dc5, 0x01000193];

/** 32 bits of a word, every one of which depends on all its characters (FNV-1a, then the end of MurmurHash3). */
export function wordHash(word: string): number {
  let hash = BASIS;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), PRIME);
  return mixed(hash);
}

/** `wordHash` of each word of a text, in its order. */
export function wordHashes(text: string): Uint32Array {
  if (!isAscii(text)) return Uint32Array.from(wordsOf(text), wordHash);
  // As `wordsOf`, without making the words.
  const hashes = new Uint32Array((text.length + 1) >> 1);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    let code = ASCII_WORD[text.charCodeAt(i)];
    if (code === 0) continue;
    let hash = BASIS;
    do {
      hash = Math.imul(hash ^ code, PRIME);
      code = ++i < text.length ? ASCII_WORD[text.charCodeAt(i)] : 0;
    } while (code !== 0);
    hashes[count++] = mixed(hash);
  }
  return hashes.subarray(0, count);
}

/** Of ASCII letters and digits the code in lower case, of all else 0. */
const ASCII_WORD = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[A-Za-z0-9]/.test(character) ? character.toLowerCase().charCodeAt(0) : 0;
});

/** The last step of MurmurHash3 on 32 bits (Appleby). */
export function mixed(hash: number): number {
  let x = hash;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
