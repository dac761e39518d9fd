/** Keys of TRL's configurations that mean something here under another name. */
export const TRL_ALIASES: Readonly<Record<string, string>> = {
  max_completion_length: 'max_new_tokens',
  lr: 'learning_rate',
  per_device_eval_batch_size: 'eval_batch_size',
  model: 'model_name_or_path',
};

/** Keys of TRL's configurations that are refused, each with the reason. */
export const TRL_REFUSED: Readonly<Record<string, string>> = {
  gradient_checkpointing: 'activations of a packed tree are small; cut memory with token_budget',
  fp16: 'float32 and bf16 only: use dtype',
  bf16: 'use dtype: bf16',
  load_in_4bit: 'weights are kept in dtype; quantised files are dequantised when read',
  load_in_8bit: 'weights are kept in dtype; quantised files are dequantised when read',
  use_vllm: 'sampling and training are one engine here, so their log-probabilities agree to the bit',
  deepspeed: 'one device a process',
  fsdp: 'one device a process',
  packing: 'always on: prefix trees are never padded',
  padding_free: 'always on: prefix trees are never padded',
  use_liger_kernel: 'always on: logits are never stored',
  ref_model: 'the reference is the frozen start of the policy',
  sync_ref_model: 'the reference is the frozen start of the policy',
  push_to_hub: 'publish the final folder with the hub client',
  report_to: 'metrics are written to metrics.jsonl in the run folder',
  use_peft: 'LoRA is the default; use full_finetuning: true to train all weights',
  rpo_alpha: 'use sft for a plain likelihood term',
  missing_eos_penalty: 'use missing_eos: drop, keep or lose',
  precompute_ref_batch_size: 'batches are cut by token_budget',
};
