import { METHODS, type Method } from '@selfjudge/training';
import {
  all,
  anyway,
  as,
  off,
  one,
  optimizer,
  refused,
  type Meanings,
  type Outcome,
  type Recipe,
} from './meaning.js';

const LOGGED = 'every step is logged to metrics.jsonl in the run folder';
const UPLOADS = 'nothing is uploaded by itself: selfjudge push RUN OWNER/NAME does it';
const EVALUATED =
  'held-out rows are measured where eval_steps and eval_dataset_name say so; the verb evaluate measures a finished run';
const ENGINE = 'how the engine computes is not a choice: one way, the same bits';
const ONE_DEVICE = 'one device a process: the batch is train_batch_size whatever the machine';
const LOADED = 'rows are read and tokenised before the first step';
const QUANTISED = 'weights are trained against in dtype (quantised files are dequantised when read)';

/** What a scheduler takes beside its type: numbers of cycles, powers and ends have keys of their own here. */
function schedulerKwargs(value: unknown, { given }: Recipe): Outcome {
  const take: Record<string, unknown> = {};
  const rate = Number(given.learning_rate);
  for (const [key, one] of Object.entries((value ?? {}) as object)) {
    if (one === null) continue;
    if (key === 'num_cycles') take.lr_num_cycles = one;
    else if (key === 'power') take.lr_power = one;
    else if (key === 'min_lr_rate') take.min_lr_ratio = one;
    else if ((key === 'min_lr' || key === 'lr_end') && rate > 0) take.min_lr_ratio = Number(one) / rate;
    else if (key === 'min_lr' || key === 'lr_end')
      return { refuse: `left out: give min_lr_ratio, which is ${key} as a share of learning_rate` };
    else return { refuse: `without ${key}: num_cycles, power, min_lr_rate, min_lr and lr_end are known` };
  }
  return { take };
}

/** Verbs that ask a judge about prompts. */
const ASKING: ReadonlySet<string> = new Set(
  Object.entries<Method>(METHODS).flatMap(([name, { rows }]) => (rows === 'prompts' ? [name] : [])),
);

/** When held-out rows are measured. */
function evalStrategy(value: unknown, { given, has }: Recipe): Outcome {
  if (value === 'no' || value === false) return has('eval_steps') ? { lightly: { eval_steps: 0 } } : {};
  if (value === 'steps' || given.eval_dataset_name === undefined) return { note: EVALUATED };
  return {
    refuse: `steps or no, for ${String(value)}: give eval_steps, the number of steps between measures`,
  };
}

/** The words of `metric_for_best_model` for what `select_by` can be. */
const CHOSEN_BY: Readonly<Record<string, string>> = {
  loss: 'loss',
  'rewards/accuracies': 'accuracy',
  accuracy: 'accuracy',
  judge_accuracy: 'judge',
};

/** Which step is kept: by a measure of the held-out rows that `select_by` has a word for. */
function bestModel(value: unknown, { given, has, verb }: Recipe): Outcome {
  if (value !== true) return { note: 'the last policy is kept' };
  if (!has('select_by') || ASKING.has(verb))
    return { refuse: 'left out: this verb chooses by a judge (eval_steps, select_by), or keeps the last' };
  const metric = String(given.metric_for_best_model ?? 'loss').replace(/^eval_/, '');
  const by = Object.hasOwn(CHOSEN_BY, metric) ? CHOSEN_BY[metric] : undefined;
  if (by === undefined)
    return {
      refuse: `left out: ${metric} is not what a step can be chosen by; write select_by: loss, or another measure that it has`,
    };
  const greater = given.greater_is_better ?? by !== 'loss';
  if (greater !== (by !== 'loss'))
    return { refuse: `left out: of ${metric} the ${by === 'loss' ? 'smaller' : 'larger'} is better` };
  return { take: { select_by: by } };
}

/** Keys of transformers' TrainingArguments. Those that are keys here too are not listed. */
export const TRANSFORMERS: Meanings = {
  ...all(
    `logging_steps logging_strategy logging_first_step logging_dir logging_nan_inf_filter log_level log_level_replica
     log_on_each_node log_completions run_name project trackio_space_id trackio_bucket_id
     trackio_static_space_id disable_tqdm
     include_num_input_tokens_seen include_tokens_per_second skip_memory_metrics debug wandb_entity wandb_project
     wandb_run_group wandb_log_unique_prompts num_completions_to_print log_unique_prompts`,
    anyway(LOGGED),
  ),
  ...all(
    `push_to_hub hub_model_id hub_strategy hub_token hub_private_repo hub_always_push hub_revision
     hub_model_revision push_to_hub_revision push_to_hub_model_id push_to_hub_organization push_to_hub_token`,
    anyway(UPLOADS),
  ),
  ...all(
    `do_eval do_predict eval_steps eval_delay eval_on_start eval_accumulation_steps
     eval_do_concat_batches eval_use_gather_object per_device_eval_batch_size prediction_loss_only
     batch_eval_metrics include_inputs_for_metrics include_for_metrics jit_mode_eval bf16_full_eval fp16_full_eval`,
    anyway(EVALUATED),
  ),
  ...all(
    `attn_implementation use_flash_attention_2 activation_checkpointing activation_checkpointing_kwargs gradient_checkpointing gradient_checkpointing_kwargs
     gradient_checkpointing_use_reentrant activation_offloading tf32 torch_compile torch_compile_backend
     torch_compile_mode torchdynamo torch_empty_cache_steps use_ipex full_determinism half_precision_backend
     fp16_backend fp16_opt_level use_liger_kernel liger_kernel_config use_liger_loss use_cache model_accepts_loss_kwargs
     bnb_4bit_quant_type bnb_4bit_quant_storage bnb_4bit_compute_dtype bnb_4bit_use_double_quant use_bnb_nested_quant
     auto_find_batch_size`,
    anyway(ENGINE),
  ),
  ...all(
    `dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers dataloader_prefetch_factor
     dataloader_in_order dataloader_multiprocessing_context dataset_num_proc dataset_batch_size preprocessing_num_workers remove_unused_columns length_column_name
     overwrite_cache dataset_streaming streaming keep_in_memory cache_dir low_cpu_mem_usage`,
    anyway(LOADED),
  ),
  ...all(
    `ddp_timeout ddp_backend ddp_bucket_cap_mb ddp_broadcast_buffers ddp_find_unused_parameters local_rank
     average_tokens_across_devices accelerator_config ddp_static_graph world_size`,
    anyway(ONE_DEVICE),
  ),
  ...all('deepspeed fsdp fsdp_config parallelism_config fsdp_min_num_params', off(ONE_DEVICE)),
  ...all(
    'fsdp_transformer_layer_cls_to_wrap tpu_num_cores tpu_metrics_debug xla mp_parameters',
    anyway(ONE_DEVICE),
  ),
  ...all(
    'save_strategy save_on_each_node save_only_model save_safetensors enable_jit_checkpoint restore_callback_states_from_checkpoint',
    anyway('checkpoints go by save_steps'),
  ),
  save_strategy: (value) =>
    value === 'no' || value === false
      ? { take: { save_steps: 0 } }
      : { note: 'checkpoints go by save_steps' },
  do_train: anyway('the verb trains'),
  overwrite_output_dir: anyway(
    'a run folder is never overwritten: the same run goes on, another one is refused',
  ),
  resume_from_checkpoint: (value) =>
    typeof value === 'string' && !/^(true|yes|last|latest)$/i.test(value)
      ? {
          refuse:
            'left out: the same command with the same output_dir goes on by itself, from its newest checkpoint',
        }
      : { note: 'the same command with the same output_dir goes on by itself' },
  ignore_data_skip: off('a run that goes on sees the rows that it would have seen'),
  bf16: (value) => ({
    lightly: { dtype: value === false ? 'float32' : 'bf16' },
    note: 'dtype says how weights and activations are stored',
  }),
  fp16: off('float32 and bf16 only: use dtype: bf16'),
  use_cpu: (value) =>
    value === true ? { take: { device: 'cpu' } } : { note: 'device says where to compute' },
  no_cuda: (value) =>
    value === true ? { take: { device: 'cpu' } } : { note: 'device says where to compute' },
  use_mps_device: off('device is cpu or cuda'),
  optim: optimizer,
  optim_args: off('AdamW has adam_beta1, adam_beta2, adam_epsilon and weight_decay'),
  optim_target_modules: off('AdamW updates all that is trained'),
  adafactor: off('the optimizer is AdamW with float32 state'),
  neftune_noise_alpha: off('no noise is added to embeddings (NEFTune)'),
  label_smoothing_factor: off(
    'cross-entropy is on the labels as they are; label_smoothing is for preference losses',
  ),
  report_to: (value) => {
    const asked = [value].flat().map(String);
    const shown = asked.includes('tensorboard') || asked.includes('all');
    return shown ? { take: { report_to: 'tensorboard' } } : { take: { report_to: 'none' }, note: LOGGED };
  },
  ...all('eval_strategy evaluation_strategy', evalStrategy),
  load_best_model_at_end: bestModel,
  ...all('metric_for_best_model greater_is_better', (_, recipe) =>
    recipe.given.load_best_model_at_end === true
      ? {}
      : { note: 'the last policy is kept, where no select_by or load_best_model_at_end chooses another' },
  ),
  ...all(
    'early_stopping_patience early_stopping_threshold early_stopping_steps early_stopping',
    off('there is no early stopping: give max_steps, or look at checkpoints of save_steps'),
  ),
  data_seed: off('seed keys the order of the data too'),
  dataloader_drop_last: off(
    'the last batch of a run by epochs may be smaller; max_steps has whole batches only',
  ),
  group_by_length: off('the order of the data is by seed alone; nothing is padded'),
  train_sampling_strategy: one(
    ['random'],
    'the order of the data is random by seed',
    'the order of the data is by seed alone',
  ),
  label_names: off('labels are found by the shape of the rows'),
  use_legacy_prediction_loop: anyway(EVALUATED),
  past_index: anyway(ENGINE),
  ray_scope: anyway(ONE_DEVICE),
  load_in_4bit: off(QUANTISED),
  load_in_8bit: off(QUANTISED),
  trust_remote_code: anyway('no code of a model is ever run'),
  lr_scheduler_kwargs: schedulerKwargs,
  torch_dtype: as('dtype'),
  lr: as('learning_rate'),
  per_gpu_train_batch_size: refused('use train_batch_size'),
  model_revision: one(
    ['main'],
    'a folder has one revision, and main is that of a name on the hub',
    'give it with the name, model_name_or_path: OWNER/NAME@REVISION',
  ),
  model_init_kwargs: off('dtype and device are all that a model is opened with'),
  tokenizer_name_or_path: off("the tokenizer is the model's own, in its folder"),
  tokenizer_name: off("the tokenizer is the model's own, in its folder"),
  config_name: off("the configuration is the model's own, in its folder"),
  use_fast_tokenizer: anyway(ENGINE),
  router_aux_loss_coef: anyway('dense models have no router'),
  output_router_logits: anyway('dense models have no router'),
};
