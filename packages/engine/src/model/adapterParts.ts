import { FileFormatError } from '@selfjudge/base';
import type { Safetensors } from './files/safetensors.js';

/** A tensor of an adapter's file, as float32 values when it is asked for. */
export interface PartTensor {
  /** In the file. */
  name: string;
  shape: number[];
  /** @throws FileFormatError for values that are not finite */
  read(): Float32Array;
}

/** What an adapter does to one matrix W [out, in]: W + alpha / r B A, then perhaps rows or columns of other lengths. */
export interface LowRank {
  /** [r, in]. */
  a: PartTensor;
  /** [out, r]. */
  b: PartTensor;
  r: number;
  alpha: number;
  /** DoRA: the lengths of the rows [out], of an embedding's columns [hiddenSize]. */
  magnitude?: PartTensor;
  /** [out], times alpha / r too. */
  bias?: PartTensor;
}

/** What an adapter folder holds, of whichever format. */
export interface AdapterParts {
  /** The file of the tensors, for errors. */
  path: string;
  /** The base that the folder names. */
  base?: string;
  /** Of modules without values of their own. */
  r: number;
  alpha: number;
  dropout: number;
  /** By module: `model.layers.0.self_attn.q_proj`, `model.embed_tokens`, `lm_head`. */
  lowRank: Map<string, LowRank>;
  /** Tensors that take the place of the model's, by transformers' name. */
  whole: Map<string, PartTensor>;
  /** Of a sequence classification (SEQ_CLS), its head [labels, hiddenSize]. */
  score?: PartTensor;
  /** Whether a head that the base ties to its table is one of its own: one of them was trained without the other. */
  unties: boolean;
  /** What makes it more than low-rank matrices on linear layers of blocks, in words: such a one is merged when loaded. */
  beyond: string[];
}

/** DeepSpeed ZeRO-3 and FSDP leave parts of tensors, or none, where they are not gathered before saving. */
const GATHER =
  'Files like this come of training with DeepSpeed ZeRO-3 or FSDP when parameters are not gathered before they are saved ' +
  '(stage3_gather_16bit_weights_on_model_save: true for ZeRO-3, a full state dict for FSDP). Save the adapter again.';

/** How PEFT's names of a text model inside one that sees begin, as transformers 5 and 4 have it, and of one alone. */
const INSIDE = ['model.language_model.', 'language_model.model.'];
const ALONE = 'model.';

/** Tensors of a file by name, those of a text model inside another by the names that it has alone, with what each should be. */
export class PartFile {
  readonly path: string;
  /** Names that nobody has asked for. */
  readonly rest: Set<string>;
  readonly #file: Safetensors;
  readonly #inside: string | undefined;
  readonly #own: ReadonlyMap<string, string>;

  /** @throws FileFormatError where there is none at all */
  constructor(file: Safetensors) {
    this.path = file.path;
    this.#file = file;
    const names = [...file.tensors.keys()];
    const inside = INSIDE.find((begin) => names.some((name) => name.includes(`.${begin}`)));
    this.#inside = inside;
    this.#own = new Map(
      names.map((name) => [inside === undefined ? name : name.replace(`.${inside}`, `.${ALONE}`), name]),
    );
    this.rest = new Set(this.#own.keys());
    if (this.rest.size > 0) return;
    throw new FileFormatError({
      path: file.path,
      expected: 'lora_A and lora_B of the modules that adapter_config.json names',
      received: 'a file without tensors',
      advice: GATHER,
    });
  }

  has(name: string): boolean {
    return this.#own.has(name);
  }

  shapeOf(name: string): number[] {
    return this.#tensor(name)?.shape ?? [];
  }

  /** What the model that the adapter was made on calls a module. */
  pathOf(module: string): string {
    return this.#inside === undefined ? module : module.replace(/^model\./, this.#inside);
  }

  #tensor(name: string) {
    return this.#file.tensors.get(this.#own.get(name) ?? name);
  }

  /** Passes over tensors whose names begin so: they are there twice. */
  drop(prefix: string): void {
    for (const name of this.rest) if (name.startsWith(prefix)) this.rest.delete(name);
  }

  /**
   * @param why who says that it must be there
   * @throws FileFormatError unless it is there, in this shape
   */
  take(name: string, shape: number[], why: string): PartTensor {
    const got = this.#tensor(name)?.shape;
    this.rest.delete(name);
    if (got?.length === shape.length && got.every((n, i) => n === shape[i]))
      return { name, shape, read: () => this.#values(name) };
    throw new FileFormatError({
      path: this.path,
      expected: `'${name}' of shape [${shape.join(', ')}], by ${why}`,
      received: got === undefined ? 'no such tensor' : `shape [${got.join(', ')}]`,
      ...(got?.reduce((n, x) => n * x, 1) === 0 && { advice: GATHER }),
    });
  }

  #values(name: string): Float32Array {
    const tensor = this.#file.read(this.#own.get(name) ?? name);
    const values = tensor.dtype === 'float32' ? tensor.data : widen(tensor.data);
    const at = values.findIndex((x) => !Number.isFinite(x));
    if (at < 0) return values;
    throw new FileFormatError({
      path: this.path,
      expected: `finite values in '${name}'`,
      received: `${values[at]} at ${at}`,
    });
  }
}

/** [columns, rows] of [rows, columns]. */
export function transposed(tensor: PartTensor): PartTensor {
  const [rows, columns] = tensor.shape;
  return {
    name: tensor.name,
    shape: [columns, rows],
    read: () => {
      const values = tensor.read();
      const out = new Float32Array(values.length);
      for (let i = 0; i < values.length; i++) out[(i % columns) * rows + Math.floor(i / columns)] = values[i];
      return out;
    },
  };
}

function widen(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}
