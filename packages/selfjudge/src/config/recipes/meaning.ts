/** What a key of another tool's recipe comes to here. */
export type Meaning = (value: unknown, recipe: Recipe) => Outcome;

/** Where a key stands. */
export interface Recipe {
  /** The verb that was called. */
  verb: string;
  /** All keys of its source. */
  given: Readonly<Record<string, unknown>>;
  /** Whether the verb has a key. */
  has(key: string): boolean;
}

export type Outcome =
  | {
      /** Keys of ours. */
      take?: Readonly<Record<string, unknown>>;
      /** Keys of ours that give way to what the same source says itself. */
      lightly?: Readonly<Record<string, unknown>>;
      /** Why nothing is lost by the key. One without `take` and `lightly` changes nothing here. */
      note?: string;
    }
  /** Would change the result, and cannot be had: what to do. */
  | { refuse: string };

export type Meanings = Readonly<Record<string, Meaning>>;

const NOT_GIVEN: Outcome = { note: 'empty' };

/** Taken under another name, where the verb has it. */
export const as =
  (name: string, change: (value: unknown) => unknown = (value) => value): Meaning =>
  (value, { has, verb }) => {
    if (value === null) return NOT_GIVEN;
    return has(name)
      ? { take: { [name]: change(value) } }
      : { refuse: `left out, as ${verb} has no ${name}` };
  };

/** Changes nothing, whatever it says. */
export const anyway =
  (note: string): Meaning =>
  () => ({ note });

/** Nothing with which a feature is off. */
const isOff = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === false ||
  value === 0 ||
  (typeof value === 'string' && /^(|no|none|null|false|off|0|0\.0)$/i.test(value)) ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/** A feature that is off here too; switched on it is refused. @param reason why, and what to do */
export const off =
  (reason: string): Meaning =>
  (value) =>
    isOff(value) ? { note: 'off, as it is here' } : { refuse: `left out: ${reason}` };

/** A feature that is on here too; switched off it is refused. */
export const on =
  (note: string, reason: string): Meaning =>
  (value) =>
    value !== null && isOff(value) ? { refuse: `left out: ${reason}` } : { note };

/** Some values change nothing, all others are refused. */
export const one =
  (values: readonly unknown[], note: string, reason: string): Meaning =>
  (value) =>
    value === null || values.includes(value) ? { note } : { refuse: `${values[0]}: ${reason}` };

/** Never to be had. */
export const refused =
  (reason: string): Meaning =>
  (value) =>
    value === null ? NOT_GIVEN : { refuse: `left out: ${reason}` };

/** Several keys with one meaning. */
export const all = (keys: string, meaning: Meaning): Meanings =>
  Object.fromEntries(
    keys
      .split(/\s+/)
      .filter(Boolean)
      .map((key) => [key, meaning]),
  );

/** The optimizer by the name that transformers gives it. */
export const optimizer: Meaning = (value) =>
  value === null ||
  /^adamw(_hf|_torch|_torch_fused|_torch_xla|_torch_npu_fused|_apex_fused)?$/.test(String(value))
    ? { note: 'the optimizer is AdamW with float32 state' }
    : {
        refuse:
          'adamw_torch: the one optimizer is AdamW, with float32 moments in one place (neither 8-bit nor paged)',
      };

/** Ways of training that are a verb here. */
export const isVerb =
  (verbs: Readonly<Record<string, readonly string[]>>): Meaning =>
  (value, { verb }) => {
    const fitting = verbs[String(value).toLowerCase()] ?? [];
    if (value === null || fitting.includes(verb)) return { note: `the verb is ${verb}` };
    const name = fitting.length > 0 ? `it is the verb ${fitting[0]}` : 'there is no such verb';
    return { refuse: `left out: ${name}, and ${verb} was called` };
  };

/** A weight of the likelihood of chosen answers, added to the loss of the recipe: a mix with sft here. */
export const likelihood: Meaning = (value, { has, given }) => {
  if (isOff(value)) return { note: 'off, as it is here' };
  if (!has('loss_type')) return { refuse: 'left out: dpo and self-train alone have losses to add it to' };
  const types = ['loss_type', 'pref_loss', 'dpo_loss_type']
    .map((key) => given[key])
    .find((of) => of !== undefined);
  const mix = [...[types ?? 'sigmoid'].flat(), 'sft'];
  const weights = [...mix.slice(1).map(() => 1), value];
  return types === undefined
    ? { take: { loss_type: mix, loss_weights: weights } }
    : { refuse: `left out: give loss_type: [${mix.join(', ')}] and loss_weights: [${weights.join(', ')}]` };
};

/** A weight of KTO's labels; recipes of other verbs have it without a meaning. */
export const ofKto =
  (name: string): Meaning =>
  (value, recipe) =>
    recipe.has(name) ? as(name)(value, recipe) : { note: 'read for kto alone' };
