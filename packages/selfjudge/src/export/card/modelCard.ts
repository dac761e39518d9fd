import { stringify } from 'yaml';
import type { BaseFacts } from '../baseFacts.js';
import type { MergeResult } from '../result.js';
import { code, codeBlock, escaped, table } from './markdown.js';
import type { Figure } from './measured.js';
import type { Stage } from './stages.js';

export interface CardFacts {
  /** The folder's name. */
  name: string;
  base: BaseFacts;
  /** What the merged model is to its base, in the hub's words. */
  relation: 'finetune' | 'quantized' | 'adapter';
  format: 'safetensors' | 'gguf';
  rewards: boolean;
  /** Whether an adapter was added to the weights. */
  merged: boolean;
  stages: readonly Stage[];
  figures: readonly Figure[];
  result: Omit<MergeResult, 'outputDir' | 'next'>;
  version: string;
}

/** README.md of a merged model: front matter for a hub, and what it is, how it was made and what was measured. */
export function modelCard(facts: CardFacts): string {
  const parts = [
    `---\n${stringify(frontMatter(facts))}---`,
    `# ${escaped(facts.name)}`,
    about(facts),
    ...use(facts),
    ...training(facts),
    ...measured(facts),
    readAgain(facts),
    ...versions(facts),
  ];
  return `${parts.join('\n\n')}\n`;
}

function frontMatter({ name, base, relation, format, rewards, merged, stages }: CardFacts): object {
  const { license } = base;
  return {
    model_name: name,
    base_model: base.name,
    base_model_relation: relation,
    ...(license !== undefined && {
      license: license.id,
      ...(license.name !== undefined && { license_name: license.name }),
      ...(license.link !== undefined && { license_link: license.link }),
    }),
    ...(base.languages.length > 0 && { language: base.languages }),
    ...(format === 'safetensors' && { library_name: 'transformers' }),
    pipeline_tag: rewards ? 'text-classification' : 'text-generation',
    tags: [
      ...new Set([
        'selfjudge',
        ...stages.map(({ verb }) => verb),
        ...(merged ? ['lora'] : []),
        ...(format === 'gguf' ? ['gguf'] : []),
      ]),
    ],
  };
}

function about({ base, relation, stages, merged, result }: CardFacts): string {
  const how = stages.map(({ summary, source }) => `${escaped(summary)} (${escaped(source)})`).join(', then ');
  const made =
    relation === 'adapter'
      ? 'A LoRA adapter for'
      : merged
        ? 'With its adapter merged into the weights:'
        : 'Made of';
  return [
    `${made} ${code(base.name)}${how === '' ? '' : `, ${how}`}. Weights in ${escaped(result.stored)}.`,
    ...result.notes.map((note) => `- ${escaped(note)}`),
  ].join('\n\n');
}

function use({ format, rewards, relation, name }: CardFacts): string[] {
  if (format === 'gguf') {
    const lines = [`ollama create NAME -f Modelfile`];
    if (relation === 'adapter') lines.push('llama-server -m BASE.gguf --lora adapter.gguf');
    else lines.push('llama-server -m model.gguf');
    return ['## Use', codeBlock(lines.join('\n'), 'sh')];
  }
  const auto = rewards ? 'AutoModelForSequenceClassification' : 'AutoModelForCausalLM';
  const lines = [
    `from transformers import ${auto}, AutoTokenizer`,
    '',
    `model = ${auto}.from_pretrained(${JSON.stringify(name)}, dtype="auto")`,
    `tokenizer = AutoTokenizer.from_pretrained(${JSON.stringify(name)})`,
  ];
  return ['## Use', codeBlock(lines.join('\n'), 'python')];
}

/** Fingerprints by the words of the card. */
const CONTENTS: Readonly<Record<string, string>> = {
  data: 'rows',
  weights: 'weights it began with',
  adapter: 'adapter it began with',
  tokenizer: 'tokenizer',
  chat_template: 'chat template',
  judge_template: 'judge template',
  judge: 'judge',
  outside_judge: 'outside judge',
};

function training({ stages }: CardFacts): string[] {
  if (stages.length === 0) return [];
  return [
    '## Training',
    ...stages.flatMap((stage, i) => {
      const { verb, config, fingerprints = {}, result = {}, command } = stage;
      const rows: [string, unknown][] = [
        ['method', verb],
        ['data', [config.dataset_name].flat().join(', ')],
        ['split', config.dataset_split],
        ['seed', config.seed],
        ['steps', result.step],
        [
          'kept',
          result.bestStep === undefined ? undefined : `the weights of step ${String(result.bestStep)}`,
        ],
        ['learning rate', config.learning_rate],
        ...Object.entries(CONTENTS).map(([key, name]): [string, unknown] => [
          `fingerprint of the ${name}`,
          fingerprints[key],
        ]),
      ];
      const shown = rows.flatMap(([name, value]) =>
        value === undefined || value === null ? [] : [[escaped(name), code(String(value))]],
      );
      return [
        ...(stages.length > 1 ? [`### ${i + 1}. ${escaped(verb)}`] : []),
        table(['what', ''], shown),
        'The same command on the same contents makes the same run, to the bit on one kernel path:',
        codeBlock(command, 'sh'),
      ];
    }),
  ];
}

function measured({ figures, stages }: CardFacts): string[] {
  const rows = figures.map(({ name, value, low, high, n }) => [
    escaped(name),
    `${rate(value)} [${rate(low)}, ${rate(high)}]`,
    String(n),
  ]);
  if (rows.length > 0) return ['## Evaluation', table(['what', 'value [95%]', 'n'], rows)];
  return stages.length === 0 ? [] : ['## Evaluation', 'No evaluation lies beside the run.'];
}

const rate = (x: number): string => x.toFixed(3);

function readAgain({ result: { fingerprint, difference } }: CardFacts): string {
  const { of, count, mean, largest, computedIn } = difference;
  return [
    '## Read back',
    'Before this folder was there, what is in it was read again and compared with what was merged.',
    table(
      ['what', ''],
      [
        ['fingerprint of the weights as they were written', code(fingerprint)],
        ['fingerprint of the weights as they were read', code(fingerprint)],
        [
          `${escaped(of)} of three texts, ${count} in all, computed in ${computedIn}`,
          `${mean.toPrecision(2)} apart on average, ${largest.toPrecision(2)} at most`,
        ],
      ],
    ),
  ].join('\n\n');
}

function versions({ version, stages }: CardFacts): string[] {
  const rows = stages.flatMap(({ verb, environment = {} }) => {
    const { selfjudge, node, device, path } = environment;
    return selfjudge === undefined
      ? []
      : [
          [
            escaped(verb),
            code(
              `selfjudge ${String(selfjudge)}, Node ${String(node)}, ${String(device)}, kernels ${String(path)}`,
            ),
          ],
        ];
  });
  return [
    '## Versions',
    table(['what', ''], [...rows, ['merge', code(`selfjudge ${version}, Node ${process.version}`)]]),
  ];
}
