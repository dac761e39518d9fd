import type { OllamaTemplate } from './goTemplates.js';

export interface ModelfileOptions {
  /** A path from the Modelfile's folder. */
  from: string;
  adapter?: string;
  /** Texts that end an answer. */
  stops: readonly string[];
  /** Of the model, in tokens. */
  context: number;
  template: OllamaTemplate;
  /** Of how answers are drawn, by the words of generation_config.json. */
  generation: Readonly<Record<string, unknown>>;
  /** What is worth knowing, above all. */
  comments: readonly string[];
}

/** Ollama takes memory for all of a context: more than this is for people to ask for. */
const MOST_CONTEXT = 8192;

/** Words of generation_config.json by Ollama's. */
const SAMPLING: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  min_p: 'min_p',
  repeat_penalty: 'repetition_penalty',
};

/** What `ollama create -f` reads (https://docs.ollama.com/modelfile). */
export function modelfile({
  from,
  adapter,
  stops,
  context,
  template,
  generation,
  comments,
}: ModelfileOptions): string {
  const about =
    'why' in template
      ? [`no TEMPLATE: ${template.why}. Ollama then guesses one, or sends prompts without any format.`]
      : [
          `TEMPLATE: ${template.name}; its prompts of three conversations are those of the model's chat template.`,
          ...(template.withoutSystem ? ['The model takes no system message.'] : []),
        ];
  const sampling = Object.entries(SAMPLING).flatMap(([word, key]) => {
    const value = generation[key];
    return typeof value === 'number' && Number.isFinite(value) ? [`PARAMETER ${word} ${value}`] : [];
  });
  const lines = [
    ...[...comments, ...about].map((line) => `# ${line.replace(/\s+/g, ' ')}`),
    `FROM ${from}`,
    ...(adapter === undefined ? [] : [`ADAPTER ${adapter}`]),
    `# The model takes up to ${context} tokens.`,
    `PARAMETER num_ctx ${Math.min(context, MOST_CONTEXT)}`,
    ...sampling,
    ...stops.flatMap((stop) => {
      const quote = quoted(stop);
      return quote === undefined ? [] : [`PARAMETER stop ${quote}`];
    }),
    ...('why' in template ? [] : [`TEMPLATE ${quoted(template.go, '"""')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** A text between quotes that it does not hold; undefined where it holds both kinds. */
function quoted(text: string, quote = text.includes('"') ? '"""' : '"'): string | undefined {
  return text.includes(quote) ? undefined : `${quote}${text}${quote}`;
}

/** A name that Ollama takes for a model. */
export function ollamaName(path: string): string {
  const name = path
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '');
  return name === '' ? 'model' : name;
}
