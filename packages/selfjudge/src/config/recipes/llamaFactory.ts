import {
  all,
  anyway,
  as,
  isVerb,
  likelihood,
  ofKto,
  off,
  on,
  one,
  refused,
  type Meanings,
} from './meaning.js';

const ENGINE = 'how the engine computes is not a choice: one way, the same bits';
const MIXED = 'dataset_name takes the files themselves, one or several: mix and weigh them before';
const OPTIMIZER = 'the optimizer is AdamW with float32 state';
const VOCABULARY = "the vocabulary is the model's own";

/** Keys of LLaMA-Factory that transformers and TRL do not have. */
export const LLAMA_FACTORY: Meanings = {
  stage: isVerb({ sft: ['sft', 'jsft'], dpo: ['dpo'], kto: ['kto'] }),
  ...all('kto_chosen_weight kto_desirable_weight', ofKto('desirable_weight')),
  ...all('kto_rejected_weight kto_undesirable_weight', ofKto('undesirable_weight')),
  finetuning_type: (value) =>
    value === 'lora' || value === 'full'
      ? { lightly: { full_finetuning: value === 'full' } }
      : { refuse: 'lora or full' },
  lora_rank: (value) => ({
    take: { lora_r: value },
    // Theirs where lora_alpha is not said; ours does not depend on the rank.
    lightly: typeof value === 'number' ? { lora_alpha: 2 * value } : {},
  }),
  lora_target: as('lora_target_modules', (value) => (value === 'all' ? 'all-linear' : value)),
  additional_target: off('an adapter is on linear layers; full_finetuning trains all weights'),
  loraplus_lr_ratio: off('A and B have one learning rate'),
  loraplus_lr_embedding: anyway('A and B have one learning rate'),
  create_new_adapter: anyway('a new adapter is trained on top of one that the model brings'),
  adapter_name_or_path: off('give the adapter as model_name_or_path: its adapter_config.json names the base'),
  adapter_folder: off('give the adapter as model_name_or_path'),
  pref_beta: as('beta'),
  pref_loss: (value, recipe) => {
    if (value === 'kto_pair')
      return { refuse: 'another loss: kto is for rows with a label; apo_zero is near it on pairs' };
    const outcome = as('loss_type')(value, recipe);
    // Theirs is over means.
    return value === 'ipo' ? { lightly: { logp_reduction: 'mean' }, ...outcome } : outcome;
  },
  dpo_label_smoothing: as('label_smoothing'),
  pref_ftx: likelihood,
  pref_bco_weight: off(
    'its bco moves a shift; loss_type: [sigmoid, bco_pair] with loss_weights is the one without',
  ),
  dataset: refused('a name of dataset_info.json; give the file in dataset_name'),
  dataset_dir: anyway('dataset_name takes the files themselves'),
  media_dir: anyway('text only'),
  eval_dataset: as('eval_dataset_name'),
  val_size: off('nothing is split off: keep held-out rows in a file of their own, eval_dataset_name'),
  val_set_size: off('nothing is split off: keep held-out rows in a file of their own, eval_dataset_name'),
  max_samples: as('dataset_limit'),
  cutoff_len: as('max_length'),
  template: refused("the chat template is the model's own"),
  train_on_prompt: off('answers alone are labels, never prompts'),
  mask_history: (value, { has }) =>
    has('train_on')
      ? { take: { train_on: value === true ? 'last' : 'all' } }
      : { note: 'labels are the answers' },
  mix_strategy: one(['concat'], MIXED, MIXED),
  interleave_probs: off(MIXED),
  neat_packing: anyway('prefix trees are never padded'),
  tool_format: off("tools are written as the model's template writes them"),
  default_system: off('put the system message into the rows'),
  tokenized_path: off('rows are tokenised when they are read'),
  disable_shuffling: off('the order of the data is random by seed'),
  ...all(
    'resize_vocab split_special_tokens add_tokens add_special_tokens new_special_tokens_config',
    off(VOCABULARY),
  ),
  init_special_tokens: anyway(VOCABULARY),
  rope_scaling: off('positions are rotated as config.json says'),
  ...all(
    'shift_attn mixture_of_depths train_from_scratch use_llama_pro',
    off('the model computes as config.json says'),
  ),
  quantization_bit: off('weights are trained against in dtype (quantised files are dequantised when read)'),
  ...all('quantization_method quantization_type double_quantization quantization_device_map', anyway(ENGINE)),
  ...all(
    `use_galore use_apollo use_badam use_adam_mini use_muon use_lomo`,
    off(`${OPTIMIZER}: neither GaLore, APOLLO, BAdam, Adam-mini nor Muon`),
  ),
  ...all('use_dft_loss use_asft_loss use_eaft_loss', off('sft is plain cross-entropy')),
  ...all('asft_alpha eaft_alpha moe_aux_loss_coef', anyway('sft is plain cross-entropy')),
  ...all('pissa_init pissa_convert', off('the new adapter begins as no change')),
  pissa_iter: anyway('the new adapter begins as no change'),
  ...all(
    'freeze_trainable_layers freeze_trainable_modules freeze_extra_modules',
    anyway('read for finetuning_type: freeze alone'),
  ),
  ...all(
    'ref_model_adapters ref_model_quantization_bit',
    off('the reference is the frozen start of the policy'),
  ),
  ...all(
    'reward_model reward_model_adapters reward_model_quantization_bit',
    off('the judge is the model itself'),
  ),
  ...all('hyper_parallel_args reward_model_type', anyway(ENGINE)),
  model_max_length: as('max_length'),
  ...all('enable_thinking preserve_thinking', off("the chat template is the model's own, without arguments")),
  ...all('use_mca use_hyper_parallel use_kt', off('one device a process')),
  ...all('fp8 fp8_enable_fsdp_float8_all_gather', off('float32 and bf16 only: use dtype')),
  fp8_backend: anyway(ENGINE),
  pure_bf16: (value) => (value === true ? { lightly: { dtype: 'bf16' } } : { note: ENGINE }),
  ...all(
    `preprocessing_batch_size buffer_size data_shared_file_system ignore_pad_token_for_loss flash_attn use_unsloth
     use_unsloth_gc enable_liger_kernel disable_gradient_checkpointing use_reentrant_gc upcast_layernorm
     upcast_lmhead_output infer_backend infer_dtype offload_folder use_kv_cache use_v1_kernels compute_dtype device_map
     block_diag_attn print_param_status hf_hub_token ms_hub_token om_hub_token eval_num_beams eval_on_each_dataset
     compute_accuracy plot_loss include_effective_tokens_per_second freeze_vision_tower freeze_multi_modal_projector
     freeze_language_model image_max_pixels image_min_pixels video_max_pixels video_min_pixels video_fps video_maxlen
     ray_run_name ray_storage_path ray_num_workers resources_per_worker placement_strategy use_swanlab swanlab_project
     swanlab_run_name swanlab_mode simpo_gamma predict_with_generate`,
    anyway(ENGINE),
  ),
  do_sample: on('temperature 0 takes the most probable token', 'use temperature: 0'),
};
