import type { Message, Tokenizer } from '@selfjudge/text';
import { renderGo } from './goTemplate.js';

/** What Ollama gives a template: messages, system ones among them, and these again as one text. */
interface OllamaData {
  System: string;
  Messages: { Role: string; Content: string }[];
}

/** A chat format in Go's template language, as Ollama takes it. */
interface KnownTemplate {
  name: string;
  /** @param system what the model's template says where nobody else says anything, '' for nothing */
  go(system: string): string;
}

/** A system message that stands where none is given. */
const orDefault = (system: string, open: string, close: string): string =>
  system === '' ? '' : `{{- if not .System }}${open}${system}${close}{{ end }}`;

const chatml =
  (answer: string) =>
  (system: string): string =>
    `${orDefault(system, '<|im_start|>system\n', '<|im_end|>\n')}{{- range .Messages }}<|im_start|>{{ .Role }}\n` +
    `{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n${answer}`;

/** The last user message, which some formats put the system's before. */
const LAST = '{{ if and $.System (eq (len (slice $.Messages $i)) 1) }}{{ $.System }}\n\n{{ end }}';
const inst = (close: string, before: string) => (): string =>
  `{{- range $i, $_ := .Messages }}{{ if eq .Role "user" }}[INST] ${LAST}{{ .Content }}${close}` +
  `{{ else if eq .Role "assistant" }}${before}{{ .Content }}</s>{{ end }}{{ end }}`;

const KNOWN: readonly KnownTemplate[] = [
  { name: 'ChatML', go: chatml('') },
  { name: 'ChatML, answers without thinking (Qwen 3)', go: chatml('<think>\n\n</think>\n\n') },
  {
    name: 'Llama 3',
    go: () =>
      '{{- range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>' +
      '{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n',
  },
  {
    name: 'Gemma',
    go: () =>
      '{{- range $i, $_ := .Messages }}{{ if eq .Role "user" }}<start_of_turn>user\n' +
      '{{ if and $.System (eq $i 1) }}{{ $.System }}\n\n{{ end }}{{ .Content }}<end_of_turn>\n' +
      '{{ else if eq .Role "assistant" }}<start_of_turn>model\n{{ .Content }}<end_of_turn>\n{{ end }}{{ end }}' +
      '<start_of_turn>model\n',
  },
  { name: 'Mistral v0.1, v0.2', go: inst(' [/INST]', '') },
  { name: 'Mistral v0.1, v0.2, with a space before answers', go: inst(' [/INST]', ' ') },
  { name: 'Mistral v0.3', go: inst('[/INST]', ' ') },
  {
    name: 'Phi 3',
    go: () => '{{- range .Messages }}<|{{ .Role }}|>\n{{ .Content }}<|end|>\n{{ end }}<|assistant|>\n',
  },
  {
    name: 'Phi 4',
    go: () =>
      '{{- range .Messages }}<|im_start|>{{ .Role }}<|im_sep|>{{ .Content }}<|im_end|>{{ end }}' +
      '<|im_start|>assistant<|im_sep|>',
  },
];

const QUESTION: Message = { role: 'user', content: 'What is the sum of 17 and 25?' };
const ANSWER: Message = { role: 'assistant', content: 'It is 42.' };
const FURTHER: Message = { role: 'user', content: 'And their product?' };
const SYSTEM: Message = { role: 'system', content: 'You answer in one sentence.' };
/** What is compared. The first must be rendered; a format may refuse a system message. */
const CONVERSATIONS: readonly (readonly Message[])[] = [
  [QUESTION],
  [QUESTION, ANSWER, FURTHER],
  [SYSTEM, QUESTION],
];

/** What Ollama shows a model of a conversation, or why it cannot be told. */
export type OllamaTemplate = { name: string; go: string; withoutSystem?: boolean } | { why: string };

/**
 * The template of Ollama's that writes prompts as the model's own chat template does: of the known ones the first whose
 * prompts of three conversations are the same to the character.
 *
 * @param tokenizer told what the model was trained with
 * @param addsBos whether readers of the file put BOS before a prompt
 */
export function ollamaTemplate(tokenizer: Tokenizer, addsBos: boolean): OllamaTemplate {
  if (tokenizer.chatTemplate === undefined) return { why: 'the model brings no chat template' };
  const begin = addsBos && tokenizer.bos !== undefined ? tokenizer.tokenText(tokenizer.bos) : '';
  const shown = CONVERSATIONS.map((messages) => {
    try {
      return tokenizer.renderChat(messages, { addGenerationPrompt: true }).text;
    } catch {
      return undefined;
    }
  });
  const prompts = shown.filter((prompt) => prompt !== undefined);
  if (shown[0] === undefined || prompts.some((prompt) => !prompt.startsWith(begin)))
    return {
      why: `prompts of the model's chat template do not begin with ${begin}, which Ollama puts before them`,
    };
  const own = /^<\|im_start\|>system\n(.*?)<\|im_end\|>\n/s.exec(shown[0].slice(begin.length))?.[1] ?? '';
  // Text of a file is no code: what would be an action of the template is not taken into one.
  const system = own.includes('{{') ? '' : own;
  const found = KNOWN.find(({ go }) =>
    shown.every(
      (prompt, i) =>
        prompt === undefined || prompt.slice(begin.length) === renderGo(go(system), dataOf(CONVERSATIONS[i])),
    ),
  );
  if (found === undefined)
    return { why: "none that is known here writes prompts as the model's chat template does" };
  return { name: found.name, go: found.go(system), ...(shown[2] === undefined && { withoutSystem: true }) };
}

/** As Ollama collates messages. */
function dataOf(messages: readonly Message[]): OllamaData {
  const all = messages.map(({ role, content }) => ({ Role: role, Content: String(content) }));
  const system = all.filter(({ Role }) => Role === 'system').map(({ Content }) => Content);
  return { System: system.join('\n\n'), Messages: all };
}
