import {
  all,
  anyway,
  as,
  likelihood,
  off,
  on,
  one,
  refused,
  type Meaning,
  type Meanings,
} from './meaning.js';

const TREES = 'prefix trees are never padded; batch sizes count examples, not packed blocks';
const REFERENCE = 'the reference is the frozen start of the policy';
const ANSWERS = 'labels are the answers: see train_on';
const COLUMNS = 'rows are read by their shape: prompt, chosen, rejected; prompt, completion; or messages';
const FILES =
  'dataset_name takes the files themselves, one or several: mix and weigh them before, by data prepare (mixture)';
const JUDGE = 'the judge is the model itself, as it was at the start';
const NO_DROPOUT = 'dpo and self-train compute without dropout';

const maxPromptLength: Meaning = (value) =>
  value === null
    ? { note: 'prompts are never cut' }
    : {
        refuse:
          'left out: prompts are never cut; rows longer than max_length are cut in the answer, or left out and counted',
      };

/** Keys of TRL's configurations and scripts, and of the alignment handbook's recipes. */
export const TRL: Meanings = {
  max_completion_length: (value, recipe) =>
    recipe.has('max_new_tokens')
      ? { take: { max_new_tokens: value } }
      : value === null
        ? { note: 'off, as it is here' }
        : { refuse: 'left out: an answer has the tokens that max_length leaves it' },
  max_seq_length: as('max_length'),
  max_prompt_length: maxPromptLength,
  // Dataset.
  dataset_mixture: off(FILES),
  dataset_mixer: off(FILES),
  dataset_splits: off(FILES),
  dataset_configs: off(FILES),
  dataset_config: one(['default', 'main'], COLUMNS, 'a file has no configurations'),
  dataset_train_split: one(
    ['train'],
    'a file has no named splits, and of a data set on the hub its train is read',
    'give the file of that split as dataset_name: hf://datasets/OWNER/NAME/FILE',
  ),
  dataset_test_split: anyway('training reads dataset_name alone'),
  dataset_text_field: one(['text', 'messages'], COLUMNS, COLUMNS),
  dataset_kwargs: off(COLUMNS),
  shuffle_dataset: anyway('the order of the data is random by seed'),
  chat_template_path: as('chat_template'),
  auto_insert_empty_system_msg: off("messages are as the rows and the model's template have them"),
  system_prompt: off('put the system message into the rows'),
  // Labels and lengths.
  ...all('packing packing_strategy eval_packing padding_free pad_to_multiple_of pad_token', anyway(TREES)),
  ...all(
    'num_of_sequences chars_per_token label_pad_token_id padding_value use_num_logits_to_keep use_logits_to_keep',
    anyway(TREES),
  ),
  eos_token: off("the end of a turn is the tokenizer's own"),
  completion_only_loss: on(ANSWERS, 'answers alone are labels, never prompts'),
  assistant_only_loss: (value, { has }) =>
    value === true && has('train_on') ? { take: { train_on: 'all' } } : { note: ANSWERS },
  train_on_inputs: off('answers alone are labels, never prompts'),
  truncation_mode: one(
    ['keep_start'],
    'long answers are cut at their end',
    'long answers are cut at their end, prompts never',
  ),
  // Adapter.
  use_peft: (value) => ({
    lightly: { full_finetuning: value === false },
    note: 'LoRA is the default here; full_finetuning trains all weights',
  }),
  lora_task_type: one(
    ['CAUSAL_LM'],
    'what is trained is a language model',
    'what is trained is a language model',
  ),
  lora_modules_to_save: off('an adapter is on linear layers; full_finetuning trains all weights'),
  lora_target_parameters: off('name linear layers in lora_target_modules'),
  lora_bias: one(['none'], 'biases are frozen', 'biases are frozen under an adapter'),
  use_rslora: off(
    'the scale is lora_alpha / lora_r; for the same one multiply lora_alpha by the root of lora_r',
  ),
  use_dora: off('LoRA only'),
  init_lora_weights: on('A is random by seed, B is zero', 'the new adapter begins as no change'),
  // Preference training.
  ...all(
    'ref_model_mixup_alpha ref_model_sync_steps force_use_ref_model precompute_ref_batch_size model_adapter_name',
    anyway(REFERENCE),
  ),
  ...all('ref_model sync_ref_model ref_adapter_name ref_model_init_kwargs reference_free', off(REFERENCE)),
  disable_dropout: on(NO_DROPOUT, NO_DROPOUT),
  loss_type: (value, { verb }) =>
    verb === 'kto' && String(value) === 'kto'
      ? { note: 'the loss is that of the verb' }
      : { refuse: `left out: it is a key of dpo and self-train, and ${verb} was called` },
  loss_weights: off('dpo and self-train alone mix losses'),
  rpo_alpha: likelihood,
  ld_alpha: off('logp_reduction is the sum or the mean over an answer'),
  use_weighting: off('every pair weighs the same'),
  f_divergence_type: one(
    ['reverse_kl'],
    'the divergence is the reverse KL',
    'the divergence is the reverse KL',
  ),
  f_alpha_divergence_coef: anyway('the divergence is the reverse KL'),
  discopop_tau: anyway('dpo and self-train alone have losses on pairs'),
  tools: off('put the tools into the rows'),
  is_encoder_decoder: off('decoders only'),
  base_model_attribute_name: anyway('decoders only'),
  generate_during_eval: anyway('the verb evaluate measures a finished run'),
  ignore_bias_buffers: anyway('one device a process'),
  // On-policy training.
  judge: off('self-train alone asks a judge'),
  reward_model_path: as('judge'),
  // PPO, of today and of TRL before 0.12.
  response_length: as('max_new_tokens'),
  stop_token: one(['eos'], 'answers end at the end token', 'answers end at the end token'),
  stop_token_id: off('answers end at the end token'),
  total_episodes: refused('give max_steps, episodes / train_batch_size, or num_train_epochs'),
  local_rollout_forward_batch_size: anyway(TREES),
  num_sample_generations: off('nothing is sampled beside the steps'),
  sft_model_path: as('model_name_or_path'),
  init_kl_coef: as('kl_coef'),
  adap_kl_ctrl: off('give kl_target, above 0, and kl_horizon'),
  target: as('kl_target'),
  horizon: as('kl_horizon'),
  ppo_epochs: (value, { has }) =>
    has('num_ppo_epochs')
      ? { take: { num_ppo_epochs: value } }
      : { note: 'ppo alone passes over answers again' },
  mini_batch_size: refused('give num_mini_batches, train_batch_size / mini_batch_size'),
  reward_funcs: off(JUDGE),
  reward_weights: off(JUDGE),
  missing_eos_penalty: off('use missing_eos: drop, keep or lose'),
  repetition_penalty: one(
    [1],
    'answers are sampled as the policy has them',
    'answers are sampled as the policy has them',
  ),
  min_p: off('top_p and top_k bound what is sampled'),
  cache_implementation: anyway('sampling and training are one engine'),
  use_vllm: anyway('sampling and training are one engine here, so their log-probabilities agree to the bit'),
  ...all(
    `vllm_mode vllm_server_base_url vllm_server_host vllm_server_port vllm_server_timeout vllm_gpu_memory_utilization
     vllm_tensor_parallel_size vllm_model_impl vllm_enable_sleep_mode vllm_max_model_length use_transformers_paged
     gpu_memory_utilization ds3_gather_for_generation`,
    anyway('sampling and training are one engine'),
  ),
  generation_kwargs: off('sampling has max_new_tokens, temperature, top_p and top_k'),
  vllm_structured_outputs_regex: off('answers are sampled as the policy has them'),
  // Older recipes.
  benchmarks: anyway('the verb evaluate measures a finished run'),
  callbacks: off('there are no callbacks in a recipe'),
  concatenated_forward: anyway(TREES),
  config_file: refused('give it as --config'),
};
