import { messages as isMessages, renderedText } from './checks.js';
import {
  check,
  flag,
  kind,
  numbers,
  optional,
  options as optionsOf,
  path,
  text as isText,
  whole,
} from '@selfjudge/base/checks';
import { spaceAtEnd, spaceAtStart } from './addedTokens.js';
import { ChatTemplate, PLAIN_TEMPLATE } from './chatTemplate.js';
import { checkTokenizerJson } from './checkTokenizerJson.js';
import { ControlTokens } from './controlTokens.js';
import type { TokenizerConfig, TokenizerFiles } from './tokenizerFiles.js';
import { readTokenizerFiles, writeTokenizerFiles } from './files.js';
import { isTextToken } from './textToken.js';
import { isTokenizerFiles } from './tokenizerFiles.js';
import type { GgufMetadata } from './ggufTokenizer.js';
import { ggufTokenizerFiles } from './ggufTokenizer.js';
import type { Message } from './message.js';
import { PlainText } from './plainText.js';
import type { Opening } from './preTokenizers.js';
import type { RenderedText } from './rendered.js';
import { appendText, rendered } from './rendered.js';
import { Shield } from './shield.js';

/** What surrounds an answer in the chat format. */
interface AnswerFormat {
  turnEnd: number[];
  prefix: string;
  /** What stands before the answer: a control token, or text. */
  opens: Opening;
  /** Whether the control tokens beside the answer swallow white space that it begins or ends with. */
  swallows: { before: boolean; after: boolean };
}

export interface RenderOptions {
  /** Opens an assistant turn at the end. */
  addGenerationPrompt?: boolean;
  /** Opens an assistant turn that begins with this text. */
  prefill?: string;
}

const isIds = numbers(whole(0));
const encodeOptions = optionsOf({ special: optional(flag), continues: optional(flag) });
const decodeOptions = optionsOf({ skipSpecial: optional(flag) });
const renderOptions = optionsOf({ addGenerationPrompt: optional(flag), prefill: optional(isText) });

const NAMED_TOKENS = ['bos_token', 'eos_token', 'pad_token', 'unk_token', 'sep_token', 'cls_token'];
const PROBE = 'the answer to probe';

/**
 * Text to token ids and back, and conversations through the model's chat template.
 *
 * Two kinds of tokens are kept apart. Control tokens (all special added tokens: turn markers, BOS, EOS) are written by
 * the template only; text from data never becomes one, whatever it says. Everything else is plain text.
 *
 * BOS: with a chat template it comes from the template or not at all, as in transformers; without one, from the
 * tokenizer's own rule. `encode` never adds it. So it never stands twice.
 */
export class Tokenizer {
  /** Ids run from 0 to this, exclusive. A model's table of embeddings may have more rows, never fewer. */
  readonly vocabSize: number;
  readonly bos?: number;
  readonly pad?: number;
  /** Jinja; absent for a tokenizer without a chat format, which renders as PLAIN_TEMPLATE says. */
  readonly chatTemplate?: string;
  /** What it was made of. */
  readonly files: TokenizerFiles;
  readonly #control: ControlTokens;
  readonly #plain: PlainText;
  readonly #template: ChatTemplate;
  readonly #tokens: string[] = [];
  readonly #named: Record<string, string> = {};
  #answer?: AnswerFormat;

  /** @throws ArgumentError naming a part of tokenizer.json that would be read differently here */
  constructor(files: TokenizerFiles) {
    check('Tokenizer', { files }, { files: isTokenizerFiles });
    this.files = files;
    const { tokenizer, config, chatTemplate } = files;
    checkTokenizerJson(tokenizer);
    for (const [token, id] of Object.entries(tokenizer.model.vocab)) this.#tokens[id] = token;
    for (const token of tokenizer.added_tokens) this.#tokens[token.id] = token.content;
    this.vocabSize = this.#tokens.length;
    for (const name of NAMED_TOKENS) {
      const content = contentOf(config[name]);
      if (content !== undefined) this.#named[name] = content;
    }
    this.#control = controlTokens(files, this.#named);
    this.#plain = new PlainText(tokenizer, this.#control);
    this.bos = this.#idOf(this.#named.bos_token);
    this.pad = this.#idOf(this.#named.pad_token);
    this.chatTemplate = chatTemplate;
    this.#template = new ChatTemplate(chatTemplate ?? PLAIN_TEMPLATE);
  }

  /** Opens a Hugging Face folder. @throws FileFormatError, ArgumentError */
  static async load(dir: string): Promise<Tokenizer> {
    check('Tokenizer.load', { dir }, { dir: path });
    return new Tokenizer(await readTokenizerFiles(dir));
  }

  /** Takes the tokenizer out of a GGUF file's metadata. @throws ArgumentError for a kind we do not know */
  static fromGguf(metadata: GgufMetadata): Tokenizer {
    check('Tokenizer.fromGguf', { metadata }, { metadata: kind('a Map', (value) => value instanceof Map) });
    return new Tokenizer(ggufTokenizerFiles(metadata));
  }

  /** Writes tokenizer.json, tokenizer_config.json and chat_template.jinja; transformers opens the folder. */
  async save(dir: string): Promise<void> {
    check('Tokenizer.save', { dir }, { dir: path });
    await writeTokenizerFiles(dir, this.files);
  }

  /** Ids that end an answer: the declared ones, and the one the chat template ends an assistant's turn with. */
  get eos(): number[] {
    return [...new Set([...this.#declaredEos(), ...this.turnEnd.slice(-1)])];
  }

  /** Ids the template puts after an assistant's message, such as <|im_end|>; [eos] where it puts none. */
  get turnEnd(): number[] {
    return this.#answerFormat().turnEnd;
  }

  /** White space between an open assistant turn and the answer: '' for most templates, ' ' for Llama 2's. */
  get answerPrefix(): string {
    return this.#answerFormat().prefix;
  }

  /**
   * Ids of `text`, without BOS.
   * @param options.special whether control-token strings in `text` become control tokens; never set it for data
   * @param options.continues whether `text` follows other text: a tokenizer that begins text with a space then does not
   */
  encode(text: string, options: { special?: boolean; continues?: boolean } = {}): number[] {
    check('Tokenizer.encode', { text, options }, { text: isText, options: encodeOptions });
    const opens = options.continues === true ? 'continues' : 'start';
    if (options.special !== true) return this.#plain.encode(text, opens);
    return this.#plain.encodePieces(this.#control.split(text), opens);
  }

  /** Ids of an answer in the turn that `renderChat` opened: they follow the prompt's ids. The turn's end is not among them. */
  encodeAnswer(text: string): number[] {
    check('Tokenizer.encodeAnswer', { text }, { text: isText });
    const { prefix, opens, swallows } = this.#answerFormat();
    const whole = prefix + text;
    const from = swallows.before ? spaceAtStart(whole) : 0;
    const to = whole.length - (swallows.after ? spaceAtEnd(whole) : 0);
    return this.#plain.encode(from < to ? whole.slice(from, to) : '', opens);
  }

  /** Text of an answer as sampled: without control tokens, and without the prefix that `encodeAnswer` puts before it. */
  decodeAnswer(ids: ArrayLike<number>): string {
    check('Tokenizer.decodeAnswer', { ids }, { ids: isIds });
    const text = this.#decode(ids, true);
    const { prefix } = this.#answerFormat();
    return prefix !== '' && text.startsWith(prefix) ? text.slice(prefix.length) : text;
  }

  /**
   * Text of `ids`. Ids beyond the vocabulary (rows that pad an embedding table) have none.
   * @param options.skipSpecial leaves control tokens out
   */
  decode(ids: ArrayLike<number>, options: { skipSpecial?: boolean } = {}): string {
    check('Tokenizer.decode', { ids, options }, { ids: isIds, options: decodeOptions });
    return this.#decode(ids, options.skipSpecial === true);
  }

  /** Text of one id, for messages and tables; a part of a character shows as U+FFFD. */
  tokenText(id: number): string {
    check('Tokenizer.tokenText', { id }, { id: whole(0) });
    return this.#control.ofId(id)?.content ?? this.#decode([id], false);
  }

  isControl(id: number): boolean {
    check('Tokenizer.isControl', { id }, { id: whole(0) });
    return this.#control.ofId(id) !== undefined;
  }

  /**
   * The conversation in the model's chat format. A template may add a system prompt of its own when none is given
   * (SmolLM2's does), exactly as in transformers.
   *
   * @throws ArgumentError when there are no messages, one is malformed or the template refuses them
   */
  renderChat(messages: readonly Message[], options: RenderOptions = {}): RenderedText {
    check('renderChat', { messages, options }, { messages: isMessages, options: renderOptions });
    const { prefill, addGenerationPrompt = prefill !== undefined } = options;
    const contents = messages.map((message) => message.content);
    const shield = new Shield(this.#control, contents, [this.#template.source, ...this.#control.contents]);
    const covered = messages.map(({ role, content }) => ({ role, content: shield.cover(content) }));
    const text = this.#template.render(covered, addGenerationPrompt, this.#templateTokens());
    const pieces = this.#control.split(text);
    const exact = rendered(pieces.map((piece) => ({ ...piece, text: shield.uncover(piece.text) })));
    return appendText(exact, prefill ?? '');
  }

  /**
   * Ids of a rendered conversation: those Python's tokenizers give for `r.text` when its contents hold no control
   * strings.
   * @param options.continues whether `r` is the rest of a text whose beginning has been encoded
   */
  encodeRendered(r: RenderedText, options: { continues?: boolean } = {}): number[] {
    check('Tokenizer.encodeRendered', { r, options }, { r: renderedText, options: encodeOptions });
    return this.#plain.encodePieces(r.pieces, options.continues === true ? 'continues' : 'start');
  }

  #decode(ids: ArrayLike<number>, skipSpecial: boolean): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.#tokens[ids[i]];
      if (token === undefined) continue;
      if (skipSpecial && this.#control.ofId(ids[i]) !== undefined) continue;
      tokens.push(token);
    }
    return this.#plain.decode(tokens);
  }

  #templateTokens(): Record<string, string> {
    if (this.chatTemplate !== undefined) return this.#named;
    const bos = addsBos(this.files) ? (this.#named.bos_token ?? '') : '';
    return { bos_token: bos, eos_token: this.#named.eos_token ?? '' };
  }

  #declaredEos(): number[] {
    const own = this.#idOf(this.#named.eos_token);
    return [...(own === undefined ? [] : [own]), ...(this.files.eosTokenIds ?? [])];
  }

  /** Reads from the template what surrounds an answer, by rendering one. */
  #answerFormat(): AnswerFormat {
    if (this.#answer !== undefined) return this.#answer;
    const question: Message = { role: 'user', content: 'a question' };
    const opened = this.renderChat([question], { addGenerationPrompt: true });
    const open = opened.text;
    const closed = this.renderChat([question, { role: 'assistant', content: PROBE }]);
    const before = closed.text.slice(open.length, closed.text.lastIndexOf(PROBE));
    const prefix = closed.text.startsWith(open) && before.trim() === '' ? before : '';

    const at = closed.pieces.findLastIndex((piece) => piece.text.includes(PROBE));
    // A template need not show answers at all.
    const rest = closed.pieces[at]?.text.split(PROBE).at(-1);
    const turnEnd: number[] = [];
    if (rest?.trim() === '') {
      for (const { control } of closed.pieces.slice(at + 1)) {
        if (control === undefined) break;
        turnEnd.push(control);
      }
    }
    const ends = turnEnd.length > 0 ? turnEnd : this.#declaredEos().slice(0, 1);
    const { opens, swallows } = this.#plain.behind(opened.pieces);
    const after = ends.length > 0 && this.#control.ofId(ends[0])?.lstrip === true;
    this.#answer = { turnEnd: ends, prefix, opens, swallows: { before: swallows, after } };
    return this.#answer;
  }

  #idOf(content: string | undefined): number | undefined {
    if (content === undefined) return undefined;
    const { vocab } = this.files.tokenizer.model;
    return (
      this.#control.ofContent(content)?.id ?? (Object.hasOwn(vocab, content) ? vocab[content] : undefined)
    );
  }
}

/** Special added tokens, and those that the config names, wherever it lists them; not those that text makes by itself. */
function controlTokens({ tokenizer, config }: TokenizerFiles, named: Record<string, string>): ControlTokens {
  const declared = Object.values(
    (config.added_tokens_decoder ?? {}) as Record<string, { special?: unknown } | null>,
  );
  const further = [
    ...declared.filter((token) => token?.special === true),
    config.additional_special_tokens ?? [],
    config.extra_special_tokens ?? [],
  ];
  const special = new Set([...Object.values(named), ...further.flat().map(contentOf)]);
  const { model } = tokenizer;
  const tokens = tokenizer.added_tokens
    .filter(
      ({ content, special: own }) => own === true || (special.has(content) && !isTextToken(model, content)),
    )
    .map(({ id, content, lstrip = false, rstrip = false }) => ({ id, content, lstrip, rstrip }));
  // BOS and EOS may stand in the vocabulary alone. (So may a pad token, but that can be a piece of ordinary text.)
  for (const content of new Set([named.bos_token, named.eos_token])) {
    if (content === undefined || !Object.hasOwn(model.vocab, content) || isTextToken(model, content))
      continue;
    if (tokens.some((token) => token.content === content)) continue;
    tokens.push({ id: model.vocab[content], content, lstrip: false, rstrip: false });
  }
  return new ControlTokens(tokens);
}

/** Whether the tokenizer itself begins text with BOS: its config says so, or its post-processor does it. */
function addsBos({ tokenizer, config }: TokenizerFiles): boolean {
  if (typeof config.add_bos_token === 'boolean') return config.add_bos_token;
  const post = tokenizer.post_processor;
  const parts = post?.type === 'Sequence' && Array.isArray(post.processors) ? post.processors : [post];
  const bos = contentOf(config.bos_token);
  return (parts as ({ single?: unknown } | null)[]).some((part) => {
    const first = Array.isArray(part?.single)
      ? (part.single[0] as { SpecialToken?: { id?: unknown } | null } | null)
      : undefined;
    return bos !== undefined && first?.SpecialToken?.id === bos;
  });
}

function contentOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const content = (token as TokenizerConfig | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}
