import { bytesOf } from './byteCharacters.js';
import type { Component } from './tokenizerFiles.js';
import { flattened, patternOf } from './normalizers.js';

type Decoder = (tokens: string[], asTheyStand: ReadonlySet<string>) => string[];

/**
 * The text of tokens, as they stand in the vocabulary.
 * @param part passes checkTokenizerJson
 * @param asTheyStand tokens whose string is their text, whatever its characters stand for in others
 * @throws Error for a pattern that we do not read
 */
export function decoderOf(
  part: Component | null,
  asTheyStand: ReadonlySet<string>,
): (tokens: string[]) => string {
  const decoders = flattened(part, 'decoders').map(ruleOf);
  return (tokens) => decoders.reduce((result, decoder) => decoder(result, asTheyStand), tokens).join('');
}

function ruleOf(part: Component): Decoder {
  switch (part.type) {
    case 'ByteLevel':
      return byteLevel;
    case 'ByteFallback':
      return byteFallback;
    case 'Fuse':
      return (tokens) => [tokens.join('')];
    case 'Replace': {
      const pattern = patternOf(part.pattern);
      const content = (part.content as string | null | undefined) ?? '';
      return (tokens) => tokens.map((token) => token.replace(pattern, () => content));
    }
    case 'Strip':
      return (tokens) => tokens.map((token) => stripped(token, part));
    case 'Metaspace':
      return (tokens) => metaspace(tokens, part);
    case 'BPEDecoder': {
      const suffix = (part.suffix as string | null | undefined) ?? '</w>';
      return (tokens) =>
        tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? '' : ' '));
    }
    case 'WordPiece':
      return (tokens) => wordPiece(tokens, part);
    default:
      throw new Error(`a decoder ${part.type}`);
  }
}

/** Keeps a byte order mark: it is a character like others. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function byteLevel(tokens: string[], asTheyStand: ReadonlySet<string>): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) texts.push(utf8.decode(Uint8Array.from(bytes)));
    bytes = [];
  };
  for (const token of tokens) {
    if (asTheyStand.has(token)) {
      flush();
      texts.push(token);
    } else for (const byte of bytesOf(token)) bytes.push(byte);
  }
  flush();
  return texts;
}

/** Tokens <0x00> to <0xFF> in a row become the text of their bytes, or U+FFFD each where they are none. */
function byteFallback(tokens: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    const text = utf8.decode(Uint8Array.from(bytes));
    texts.push(Buffer.from(text).equals(Buffer.from(bytes)) ? text : '\ufffd'.repeat(bytes.length));
    bytes = [];
  };
  for (const token of tokens) {
    const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
    if (hex !== undefined) {
      bytes.push(parseInt(hex, 16));
      continue;
    }
    flush();
    texts.push(token);
  }
  flush();
  return texts;
}

function stripped(token: string, part: Component): string {
  const content = (part.content as string | null | undefined) ?? '';
  const [start, stop] = [part.start, part.stop].map((count) => (count as number | null | undefined) ?? 0);
  if (content === '') return token;
  let from = 0;
  let to = token.length;
  for (let i = 0; i < start && token.startsWith(content, from); i++) from += content.length;
  for (let i = 0; i < stop && to - content.length >= from; i++) {
    if (!token.startsWith(content, to - content.length)) break;
    to -= content.length;
  }
  return token.slice(from, to);
}

function metaspace(tokens: string[], part: Component): string[] {
  const mark = (part.replacement as string | null | undefined) ?? '▁';
  const begins = String(part.prepend_scheme ?? 'always').toLowerCase() !== 'never';
  return tokens.map((token, i) => token.replaceAll(mark, i === 0 && begins ? '' : ' '));
}

function wordPiece(tokens: string[], part: Component): string[] {
  const prefix = (part.prefix as string | null | undefined) ?? '##';
  const cleanup = part.cleanup !== false;
  return tokens.map((token, i) => {
    let text = token;
    if (i > 0) text = prefix !== '' && token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    return cleanup ? cleaned(text) : text;
  });
}

/** Without the spaces that taking words apart has put before punctuation. */
function cleaned(text: string): string {
  return text
    .replace(/ ([.?!,])/g, '$1')
    .replaceAll(" ' ", "'")
    .replace(/ (n't|'m|'s|'ve|'re)/g, '$1')
    .replaceAll(' do not', " don't");
}
