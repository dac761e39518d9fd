/** Keys of TRL's configurations that mean something here under another name. */
export const TRL_ALIASES: Readonly<Record<string, string>> = {
  max_completion_length: 'max_new_tokens',
  lr: 'learning_rate',
};

/** TRL's two factors of the batch: their product is `train_batch_size`. One that is not given counts as 1. */
export const TRL_BATCH_FACTORS: readonly string[] = [
  'per_device_train_batch_size',
  'gradient_accumulation_steps',
];

/** Keys of TRL's configurations that are refused, each with the reason. */
export const TRL_REFUSED: Readonly<Record<string, string>> = {
  per_device_eval_batch_size: 'batches without gradients are cut by token_budget',
  gradient_checkpointing: 'activations of a packed tree are small; cut memory with token_budget',
  fp16: 'float32 and bf16 only: use dtype',
  bf16: 'use dtype: bf16',
  torch_dtype: 'use dtype',
  load_in_4bit: 'weights are kept in dtype; quantised files are dequantised when read',
  load_in_8bit: 'weights are kept in dtype; quantised files are dequantised when read',
  use_vllm: 'sampling and training are one engine here, so their log-probabilities agree to the bit',
  deepspeed: 'one device a process',
  fsdp: 'one device a process',
  optim: 'the optimizer is AdamW with float32 state',
  packing: 'always on: prefix trees are never padded',
  padding_free: 'always on: prefix trees are never padded',
  use_liger_kernel: 'always on: logits are never stored',
  assistant_only_loss: 'answers alone are labels: see train_on',
  completion_only_loss: 'answers alone are labels',
  truncation_mode: 'prompts are never cut: those that are too long are left out and counted',
  ref_model: 'the reference is the frozen start of the policy',
  sync_ref_model: 'the reference is the frozen start of the policy',
  reference_free: 'the loss needs its reference: the frozen start of the policy',
  precompute_ref_batch_size: 'batches are cut by token_budget',
  push_to_hub: 'publish the final folder with the hub client',
  report_to: 'metrics are written to metrics.jsonl in the run folder',
  logging_steps: 'every step is logged to metrics.jsonl',
  eval_strategy: 'use eval_steps, where the verb has it, and the verb evaluate',
  save_strategy: 'use save_steps; 0 keeps the last checkpoint alone',
  resume_from_checkpoint: 'the same command with the same output_dir goes on by itself',
  overwrite_output_dir: 'a run folder is never overwritten: choose another, or remove it',
  use_peft: 'LoRA is the default; use full_finetuning: true to train all weights',
  judge: 'the judge is the model itself, as it was at the start',
  reward_model_path: 'the judge is the model itself; there is no reward model',
  rpo_alpha: 'use sft for a plain likelihood term',
  missing_eos_penalty: 'use missing_eos: drop, keep or lose',
};
