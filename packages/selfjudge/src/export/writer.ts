/**
 * How far a written model may be, on average over tokens, from what was merged. Whether all weights are right is known to
 * the bit, so this is for what else there is: shapes, rotary tables, names. In 16 bits a sound model may be 0.1 apart.
 */
export const BOUNDS: Readonly<Record<string, number>> = {
  float32: 1e-3,
  float16: 0.5,
  bf16: 0.5,
  F32: 1e-3,
  F16: 0.5,
  BF16: 0.5,
  Q8_0: 0.5,
  // Four bits are what a model loses most by; how much is told, not bounded.
  Q4_0: Infinity,
};

/** What was written into a folder. */
export interface Written {
  /** Names of the files of weights. */
  files: string[];
  /** Of the weights as they were meant, in the order of the model's. */
  fingerprint: string;
  /** What of the folder is opened as a model, '.' or a file; or the file of an adapter, put on `base`. */
  opens: string;
  base?: string;
  notes: string[];
  /** Whether text with control tokens may have other ids in its readers, which a note says then. */
  plainIds?: boolean;
  /** What to type to use it, by the folder's name. */
  next?: (outputDir: string) => string[];
}

/** One form of a merged model. */
export interface Writer {
  /** Of the weights. */
  bytes: number;
  /** What most of them are stored as. */
  stored: string;
  /** What the model before and after is computed in: float32 where one of them is stored so. */
  computedIn: 'float32' | 'bf16';
  /** How far the two may be apart on average. */
  bound: number;
  /** @param onProgress called before each tensor with bytes; may throw to end the work */
  write(folder: string, onProgress: (done: number, total: number) => void): Promise<Written>;
}
