import { ArgumentError } from '@selfjudge/base';
import { messages as isMessages, moment, renderedText } from './checks.js';
import {
  check,
  flag,
  kind,
  list,
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
import { trimmed } from './trimOffsets.js';
import { isObject, isTokenizerFiles } from './tokenizerFiles.js';
import type { GgufMetadata } from './ggufTokenizer.js';
import { ggufTokenizerFiles } from './ggufTokenizer.js';
import { renderConversation } from './conversation.js';
import type { Message } from './message.js';
import { PlainText } from './plainText.js';
import type { Opening } from './preTokenizers.js';
import type { RenderedText } from './rendered.js';
import { appendText, headOf, joined, rendered, sliceRendered } from './rendered.js';
import {
  parseMoment,
  templateArguments,
  type TemplateArguments,
  type TemplateSettings,
} from './templateArguments.js';

/** What surrounds an answer in the chat format. */
interface AnswerFormat {
  turnEnd: number[];
  prefix: string;
  /** What the template writes between an open turn and an answer, beyond white space: an empty block of reasoning. */
  opening: RenderedText;
  /** White space that the template writes between an answer and its turn's end; a sampled answer has none. */
  suffix: string;
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
  /** Variables of the template, such as a row's `tools`; they go before those of the tokenizer. */
  templateArguments?: TemplateArguments;
}

const isIds = numbers(whole(0));
const isTexts = list(isText);
const encodeOptions = optionsOf({ special: optional(flag), continues: optional(flag) });
const decodeOptions = optionsOf({ skipSpecial: optional(flag) });
const renderOptions = optionsOf({
  addGenerationPrompt: optional(flag),
  prefill: optional(isText),
  templateArguments: optional(templateArguments),
});
const isSettings = optionsOf({ arguments: optional(templateArguments), now: optional(moment) });

const NAMED_TOKENS = [
  'bos_token',
  'eos_token',
  'pad_token',
  'unk_token',
  'sep_token',
  'cls_token',
  'mask_token',
];
const PROBE = 'the answer to probe';
/** Formats kept at most, of the different variables that rows tell the template. */
const MOST_FORMATS = 64;

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
  readonly #toolTemplate?: ChatTemplate;
  readonly #tokens: string[];
  readonly #named: Record<string, string>;
  readonly #arguments: TemplateArguments;
  readonly #now: Date;
  readonly #formats = new Map<string, AnswerFormat>();

  /**
   * @param settings what the chat template is told whenever it renders
   * @throws ArgumentError naming a part of tokenizer.json that would be read differently here
   */
  constructor(files: TokenizerFiles, settings: TemplateSettings = {}) {
    check('Tokenizer', { files, settings }, { files: isTokenizerFiles, settings: isSettings });
    this.files = files;
    this.#arguments = settings.arguments ?? {};
    this.#now = (settings.now === undefined ? undefined : parseMoment(settings.now)) ?? new Date();
    const { tokens, named, control, plain, template, toolTemplate } = partsOf(files);
    this.#tokens = tokens;
    this.#named = named;
    this.#control = control;
    this.#plain = plain;
    this.#template = template;
    this.#toolTemplate = toolTemplate;
    this.vocabSize = tokens.length;
    this.bos = this.#idOf(named.bos_token);
    this.pad = this.#idOf(named.pad_token);
    this.chatTemplate = files.chatTemplate;
  }

  /** The same tokenizer, whose chat template is told something else. */
  withTemplate(settings: TemplateSettings): Tokenizer {
    check('Tokenizer.withTemplate', { settings }, { settings: isSettings });
    return new Tokenizer(this.files, settings);
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

  /** The string of the declared end token; absent where none is declared. */
  get eosToken(): string | undefined {
    return this.#named.eos_token;
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

  /**
   * The ids of `encode`, and of each the stretch [start, end) of `text` that it stands for, in UTF-16 units, as JavaScript
   * counts and slices. They are those that Python's tokenizers tell, which count code points: of a character that several
   * ids make, each has the whole; of one that a normalizer made of several, the first. Where a
   * vocabulary has no token for a character, none stands for it here; Python's then count on without it to the word's end.
   *
   * @throws ArgumentError for a tokenizer that does not say it exactly: whose words have prefixes or suffixes
   */
  encodeWithOffsets(
    text: string,
    options: { special?: boolean; continues?: boolean } = {},
  ): { ids: number[]; offsets: [start: number, end: number][] } {
    check('Tokenizer.encodeWithOffsets', { text, options }, { text: isText, options: encodeOptions });
    const pieces = options.special === true ? this.#control.split(text) : [{ text }];
    const placed = this.#plain.encodeAligned(pieces, options.continues === true ? 'continues' : 'start');
    const all = trimmed(placed, text, this.files.tokenizer.post_processor, this.#tokens);
    return { ids: all.map(({ id }) => id), offsets: all.map(({ from, to }) => [from, to]) };
  }

  /**
   * Ids of a whole text as it stands, as `tokenizer(text)` of transformers gives them: control-token strings are control
   * tokens, and BOS comes first where the tokenizer's own rule puts one. A text that begins with BOS gets no second one.
   */
  encodeText(text: string): number[] {
    check('Tokenizer.encodeText', { text }, { text: isText });
    const ids = this.encode(text, { special: true });
    return this.bos !== undefined && addsBos(this.files) && ids[0] !== this.bos ? [this.bos, ...ids] : ids;
  }

  /** The control-token strings that stand in `text`, each once. */
  controlStrings(text: string): string[] {
    check('Tokenizer.controlStrings', { text }, { text: isText });
    const pieces = this.#control.split(text).filter(({ control }) => control !== undefined);
    return [...new Set(pieces.map((piece) => piece.text))];
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
    const told = { ...this.#arguments, ...options.templateArguments };
    const shown = renderConversation(this.#templateFor(told), this.#control, {
      messages,
      addGenerationPrompt,
      tokens: this.#templateTokens(),
      arguments: told,
      now: this.#now,
    });
    return appendText(shown, prefill ?? '');
  }

  /** @throws ArgumentError where there are several templates and none is the default, as in transformers */
  #templateFor({ tools }: TemplateArguments): ChatTemplate {
    if (this.#toolTemplate !== undefined && (tools ?? []).length > 0) return this.#toolTemplate;
    const { chatTemplate, chatTemplates } = this.files;
    if (chatTemplate === undefined && chatTemplates !== undefined) {
      throw new ArgumentError('chat_template', {
        where: 'renderChat',
        expected: 'a template named default, or a choice (--chat_template NAME or a file)',
        received: `templates named ${Object.keys(chatTemplates).join(', ')}`,
      });
    }
    return this.#template;
  }

  /**
   * A conversation with an assistant's turn opened right up to an answer: `renderChat` with `addGenerationPrompt`, and
   * what the template writes between the open turn and every answer. (White space there is `answerPrefix`.)
   * @param options.prefill text that the answer begins with
   */
  openTurn(messages: readonly Message[], options: RenderOptions = {}): RenderedText {
    check('openTurn', { messages, options }, { messages: isMessages, options: renderOptions });
    const { prefill = '', ...rest } = options;
    const opened = this.renderChat(messages, { ...rest, addGenerationPrompt: true });
    return appendText(joined(opened, this.#answerFormat(options.templateArguments).opening), prefill);
  }

  /**
   * Answers as the template shows them in the turn that `openTurn` opens, which may trim or rewrite them; without the white
   * space of `answerPrefix` and the turn's end. As they stand where the template does not go on after the open turn.
   */
  shownAnswers(
    messages: readonly Message[],
    answers: readonly string[],
    options: RenderOptions = {},
  ): string[] {
    const args = { messages, answers, options };
    check('shownAnswers', args, { messages: isMessages, answers: isTexts, options: renderOptions });
    const opened = this.openTurn(messages, { ...options, prefill: this.answerPrefix }).text;
    const plain = { ...options, addGenerationPrompt: false, prefill: undefined };
    return answers.map((answer) => {
      const closed = this.renderChat([...messages, { role: 'assistant', content: answer }], plain);
      const rest = closed.text.startsWith(opened) ? sliceRendered(closed, opened.length) : undefined;
      return (rest && this.#shownIn(rest, options.templateArguments)) ?? answer;
    });
  }

  /** The answer of a rendered turn, up to its end; undefined where it has none, or the template writes further tokens. */
  #shownIn({ pieces }: RenderedText, told?: TemplateArguments): string | undefined {
    const { turnEnd, suffix } = this.#answerFormat(told);
    const end = pieces.findLastIndex(({ control }) => control !== undefined && control === turnEnd[0]);
    const shown = pieces.slice(0, Math.max(end, 0));
    if (end === -1 || shown.some(({ control }) => control !== undefined)) return undefined;
    const text = shown.map((piece) => piece.text).join('');
    return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
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

  /** What surrounds an answer. @param told beside what the tokenizer tells: it may open the turn otherwise */
  #answerFormat(told: TemplateArguments = {}): AnswerFormat {
    // Tools and documents stand in other turns, and differ from row to row.
    const { tools: _, documents: __, ...variables } = told;
    const key = JSON.stringify(variables);
    const known = this.#formats.get(key);
    if (known !== undefined) return known;
    const format = this.#probe(variables);
    if (this.#formats.size < MOST_FORMATS) this.#formats.set(key, format);
    return format;
  }

  /** Reads from the template what surrounds an answer, by rendering one. */
  #probe(variables: TemplateArguments): AnswerFormat {
    const question: Message = { role: 'user', content: 'a question' };
    const options = { templateArguments: variables };
    const opened = this.renderChat([question], { ...options, addGenerationPrompt: true });
    const open = opened.text;
    const closed = this.renderChat([question, { role: 'assistant', content: PROBE }], options);
    const before = closed.text.startsWith(open)
      ? closed.text.slice(open.length, closed.text.lastIndexOf(PROBE))
      : '';
    const prefix = before.trim() === '' ? before : '';
    const thinks = { ...this.#arguments, ...variables }.enable_thinking === true;
    // A model that is to think begins its answer with that itself.
    const opening =
      prefix === '' && !thinks ? headOf(sliceRendered(closed, open.length), before.length) : rendered([]);

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
    const behind = this.#plain.behind(joined(opened, opening).pieces);
    return {
      turnEnd: ends,
      prefix,
      opening,
      suffix: rest?.trim() === '' ? rest : '',
      opens: behind.opens,
      swallows: {
        before: behind.swallows,
        after: ends.length > 0 && this.#control.ofId(ends[0])?.lstrip === true,
      },
    };
  }

  #idOf(content: string | undefined): number | undefined {
    if (content === undefined) return undefined;
    const { vocab } = this.files.tokenizer.model;
    return (
      this.#control.ofContent(content)?.id ?? (Object.hasOwn(vocab, content) ? vocab[content] : undefined)
    );
  }
}

/** What a tokenizer is made of, which takes as long as loading: once for the same files. */
interface Parts {
  /** Strings by id. */
  tokens: string[];
  /** Special tokens by name. */
  named: Record<string, string>;
  control: ControlTokens;
  plain: PlainText;
  template: ChatTemplate;
  /** Of several named templates the one that transformers takes where there are tools. */
  toolTemplate?: ChatTemplate;
}

const PARTS = new WeakMap<TokenizerFiles, Parts>();

function partsOf(files: TokenizerFiles): Parts {
  const known = PARTS.get(files);
  if (known !== undefined) return known;
  const { tokenizer, config, chatTemplate } = files;
  checkTokenizerJson(tokenizer);
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(tokenizer.model.vocab)) tokens[id] = token;
  for (const token of tokenizer.added_tokens) tokens[token.id] = token.content;
  const named: Record<string, string> = {};
  for (const name of NAMED_TOKENS) {
    const content = contentOf(config[name]);
    if (content !== undefined) named[name] = content;
  }
  const control = controlTokens(files, named);
  const plain = new PlainText(tokenizer, control);
  const template = new ChatTemplate(chatTemplate ?? PLAIN_TEMPLATE);
  const { default: own, tool_use: ofTools } = files.chatTemplates ?? {};
  const toolTemplate = ofTools !== undefined && own === chatTemplate ? new ChatTemplate(ofTools) : undefined;
  const parts = { tokens, named, control, plain, template, toolTemplate };
  PARTS.set(files, parts);
  return parts;
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
  const listed = further.flat().filter((token) => !isPlain(token));
  const special = new Set([...Object.values(named), ...listed.map(contentOf)]);
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

/** Whether a list of special tokens says of one that it is none, as user-defined pieces of a tokenizer.model. */
function isPlain(token: unknown): boolean {
  return isObject(token) && token.special === false && token.__type === undefined;
}

/** Whether the tokenizer itself begins text with BOS: its config says so, or its post-processor does it. */
export function addsBos({ tokenizer, config }: TokenizerFiles): boolean {
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
