import { all, anyway, as, isVerb, off, on, one, optimizer, refused, type Meanings } from './meaning.js';

const ENGINE = 'how the engine computes is not a choice: one way, the same bits';
const FILES = 'give the files in dataset_name, rows as JSONL, CSV or Parquet';
const VOCABULARY = "the vocabulary is the model's own";
const LOGGED = 'every step is logged to metrics.jsonl in the run folder';

/** Keys of axolotl that the others do not have. */
export const AXOLOTL: Meanings = {
  base_model: as('model_name_or_path'),
  base_model_config: off("the configuration is the model's own, in its folder"),
  tokenizer_config: off("the tokenizer is the model's own, in its folder"),
  revision_of_model: off('give it with the name, model_name_or_path: OWNER/NAME@REVISION'),
  ...all(
    `model_type tokenizer_type processor_type tokenizer_use_fast tokenizer_legacy is_llama_derived_model
     is_mistral_derived_model is_falcon_derived_model is_qwen_derived_model`,
    anyway('the kind of a model is read from its folder'),
  ),
  adapter: (value) => {
    if (value === 'lora') return { lightly: { full_finetuning: false } };
    if (value === null || value === '') return { lightly: { full_finetuning: true } };
    return { refuse: 'lora, or nothing: weights are trained against in dtype, not in four bits' };
  },
  lora_model_dir: off('give the adapter as model_name_or_path: its adapter_config.json names the base'),
  lora_target_linear: (value) =>
    value === true
      ? { take: { lora_target_modules: 'all-linear' } }
      : { note: 'lora_target_modules names the layers' },
  ...all(
    'lora_fan_in_fan_out peft_layer_replication peft_trainable_token_indices',
    off('LoRA is on linear layers'),
  ),
  ...all(
    'peft_layers_to_transform peft_layers_pattern lora_rank_pattern lora_alpha_pattern',
    off('a new adapter is the same on every layer'),
  ),
  peft_use_dora: off('LoRA only'),
  peft_use_rslora: off(
    'the scale is lora_alpha / lora_r; for the same one multiply lora_alpha by the root of lora_r',
  ),
  peft_init_lora_weights: on('A is random by seed, B is zero', 'the new adapter begins as no change'),
  peft: off('LoRA has lora_r, lora_alpha, lora_dropout and lora_target_modules'),
  ...all(
    'relora relora_steps lisa_n_layers lisa_step_interval unfrozen_parameters',
    off('what is trained is trained from first to last'),
  ),
  ...all(
    'gptq qat quantization',
    off('weights are trained against in dtype (quantised files are dequantised when read)'),
  ),
  sequence_len: as('max_length'),
  max_prompt_len: anyway('prompts are never cut'),
  excess_length_strategy: one(
    ['truncate'],
    'long answers are cut at their end',
    'long answers are cut at their end',
  ),
  min_sample_len: anyway('an answer has at least its end token'),
  micro_batch_size: (value) => ({ take: { per_device_train_batch_size: value } }),
  batch_size: as('train_batch_size'),
  eval_batch_size: anyway('the verb evaluate measures a finished run'),
  num_epochs: as('num_train_epochs'),
  optimizer,
  lr_scheduler: as('lr_scheduler_type'),
  cosine_min_lr_ratio: as('min_lr_ratio'),
  ...all(
    'cosine_constant_lr_ratio lr_quadratic_warmup lr_div_factor lr_groups embedding_lr embedding_lr_scale',
    off('one learning rate, by lr_scheduler_type'),
  ),
  ...all('datasets pretraining_dataset', refused(FILES)),
  test_datasets: anyway('training reads dataset_name alone'),
  shuffle_merged_datasets: on(
    'the order of the data is random by seed',
    'the order of the data is random by seed',
  ),
  shuffle_before_merging_datasets: anyway('the order of the data is random by seed'),
  dataset_exact_deduplication: off('rows are trained on as they are'),
  ...all(
    `dataset_prepared_path dataset_processes dataset_keep_in_memory skip_prepare_dataset push_dataset_to_hub
     hf_use_auth_token dataset_shard_num dataset_shard_idx`,
    anyway('rows are read and tokenised before the first step'),
  ),
  rl: (value, recipe) => {
    const losses: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      ipo: { loss_type: 'ipo', logp_reduction: 'mean' },
      orpo: { loss_type: 'orpo' },
      // TRL's CPO adds the likelihood, with a weight of 1 where nobody says otherwise.
      simpo: { loss_type: ['simpo', 'sft'] },
    };
    const loss = Object.hasOwn(losses, String(value)) ? losses[String(value)] : undefined;
    return loss !== undefined && recipe.has('loss_type')
      ? { take: loss }
      : isVerb({ dpo: ['dpo'], ipo: ['dpo'], orpo: ['dpo'], simpo: ['dpo'], kto: ['kto'] })(value, recipe);
  },
  rl_beta: as('beta'),
  dpo_beta: as('beta'),
  dpo_loss_type: as('loss_type'),
  dpo_use_weighting: off('every pair weighs the same'),
  dpo_loss_weights: as('loss_weights'),
  orpo_alpha: (value, recipe) =>
    recipe.has('beta') ? as('beta')(value, recipe) : { note: 'read for rl: orpo alone' },
  cpo_alpha: anyway('dpo and self-train alone have losses on pairs'),
  dpo_norm_loss: off('logp_reduction: mean'),
  special_tokens: (value) => {
    const names = Object.keys((value ?? {}) as object);
    return names.every((name) => name === 'pad_token')
      ? { note: 'nothing is padded' }
      : { refuse: `left out: ${VOCABULARY}` };
  },
  ...all('tokens added_tokens_overrides eot_tokens', off(VOCABULARY)),
  ...all('chat_template_jinja default_system_message', off("the chat template is the model's own")),
  ...all('bfloat16', (value) => ({ lightly: { dtype: value === false ? 'float32' : 'bf16' } })),
  float16: off('float32 and bf16 only: use dtype: bf16'),
  noisy_embedding_alpha: off('no noise is added to embeddings (NEFTune)'),
  ...all(
    'loss_watchdog_threshold loss_watchdog_patience',
    off('a step whose gradient is not finite is skipped and named'),
  ),
  ...all('plugins trainer_cls reward_model process_reward_model', off('there are no plugins in a recipe')),
  trl: off('the verb self-train has its own keys'),
  ...all('use_pose pose_max_context_len curriculum_sampling', off('the order of the data is by seed alone')),
  ...all('s2_attention flash_optimum scaling_softmax', off('the model computes as config.json says')),
  auto_resume_from_checkpoints: anyway('the same command with the same output_dir goes on by itself'),
  ...all('saves_per_epoch save_first_step', anyway('checkpoints go by save_steps')),
  ...all(
    `evals_per_epoch eval_table_size eval_max_new_tokens eval_sequence_len eval_sample_packing do_bench_eval
     eval_causal_lm_metrics do_causal_lm_eval`,
    anyway('the verb evaluate measures a finished run'),
  ),
  ...all(
    `use_wandb wandb_name wandb_run_id wandb_mode wandb_watch wandb_log_model use_mlflow mlflow_tracking_uri
     mlflow_experiment_name mlflow_run_name use_comet comet_project_name use_trackio trackio_project_name
     trackio_run_name use_tensorboard`,
    anyway(LOGGED),
  ),
  ...all(
    `sample_packing sample_packing_group_size sample_packing_bin_size sample_packing_sequentially pad_to_sequence_len
     multipack_real_batches batch_flattening dpo_padding_free dpo_use_logits_to_keep`,
    anyway('prefix trees are never padded; batch sizes count examples, not packed blocks'),
  ),
  ...all(
    `strict xformers_attention sdp_attention flex_attention flash_attention flash_attn_cross_entropy flash_attn_fuse_mlp
     flash_attn_rms_norm flash_attn_fuse_qkv sage_attention eager_attention liger_rope liger_rms_norm liger_glu_activation
     liger_swiglu liger_layer_norm liger_fused_linear_cross_entropy cut_cross_entropy chunked_cross_entropy lora_mlp_kernel
     lora_qkv_kernel lora_o_kernel lora_on_cpu gpu_memory_limit gc_steps dpo_use_liger_kernel selective_checkpointing
     layer_offloading torch_compile_options embeddings_skip_upcast special_tokens_in_eval ddp use_ray
     experimental_skip_move_to_device dataloader_drop_last_eval axolotl_config_path adam_beta3 adam_epsilon2
     torchdistx_path bnb_config_kwargs center_rewards_coefficient chunked_cross_entropy_num_chunks deepcompile
     dpo_generate_during_eval dynamic_checkpoint eaft_k experts_implementation flash_attn_d512 flex_attn_compile_kwargs
     fp32_norm_classes fused_attn_kernel gc_collect_steps gemma4_hybrid_attn_impl generate_samples heads_k_stride
     include_tkps is_preprocess large_head_attention llama4_linearized_experts lora_embedding_kernel max_memory
     max_packed_sequence_len merge_lora merge_method num_dataset_shards_to_save num_generation_samples
     peft_autocast_adapter_dtype ple_cpu_offload pose_num_chunks pose_split_on_token_ids preprocess_iterable
     pretraining_sample_concatenation processor_kwargs qlora_sharded_model_loading quantize_moe_experts ring_attn_func
     scaling_softmax_bias scaling_softmax_factor sdpa_varlen streaming_multipack_buffer_size
     tokenizer_save_jinja_files total_num_tokens total_supervised_tokens use_kernels vllm`,
    anyway(ENGINE),
  ),
  ...all(
    'tensor_parallel_size context_parallel_size sequence_parallel_degree dp_shard_size dp_replicate_size',
    one([1], 'one device a process', 'one device a process'),
  ),
  ...all(
    'resize_token_embeddings_to_32x fix_untrained_tokens reinit_weights shrink_embeddings',
    off(VOCABULARY),
  ),
  mean_resizing_embeddings: anyway(VOCABULARY),
  chat_template: off("the chat template is the model's own"),
  chat_template_kwargs: off("the chat template is the model's own, without arguments"),
  float32: (value) => (value === true ? { lightly: { dtype: 'float32' } } : { note: 'off, as it is here' }),
  ...all(
    `cls_model_config overrides_of_model_config overrides_of_model_kwargs model_quantization_config type_of_model
     model_quantization_config_kwargs peft_ensure_weight_tying num_labels use_onebitllms ebft tokenizer_use_mistral_common
     use_eaft fp32_norms freeze_mm_modules`,
    off('the model computes as config.json says'),
  ),
};
