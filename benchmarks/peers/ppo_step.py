"""One step of TRL 1.12.0's experimental PPOTrainer on a tiny Llama, float32: fixtures/ppo/{policy,value}, gradients by case, and
values.json with the rollouts and what the trainer made of them.

The trainer's own train() runs. Rollouts are drawn by another policy and valued by another value model than those that are trained, so
that ratios and values are clipped; the optimizer only notes gradients and leaves the weights alone. Two answers are as long as
allowed, one of them without an end token.

usage: python ppo_step.py (with the venv of ppo-requirements.txt)
"""
import copy
import json
import os
import pathlib
import shutil
import sys
import tempfile

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
import torch
import transformers
import trl
from datasets import Dataset
from safetensors.torch import save_file
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast
from trl.experimental.ppo import PPOConfig, PPOTrainer, ppo_trainer

FIXTURES = pathlib.Path(__file__).parent / "fixtures" / "ppo"
PAD, EOS, MOST, BATCH = 0, 2, 6, 16
SHAPE = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             head_dim=4, vocab_size=16, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=EOS,
             pad_token_id=PAD, tie_word_embeddings=False)
CASES = dict(
    plain=dict(),
    whitened=dict(whiten_rewards=True, kl_estimator="k3", kl_coef=0.2, gamma=0.9, lam=0.8, missing_eos_penalty=0.7,
                  cliprange=0.1, cliprange_value=0.3, vf_coef=0.5),
)


def scrambled(model, seed, size=0.4):
    """Weights away from their start, so that attention, norms and head all matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.2 * noise if name.endswith("norm.weight") else noise * size)
    return model


def moved(model, seed, size):
    """A copy with noise on its weights."""
    generator = torch.Generator().manual_seed(seed)
    other = copy.deepcopy(model)
    with torch.no_grad():
        for p in other.parameters():
            p.add_(size * torch.randn(p.shape, generator=generator))
    return other


class Noted(torch.optim.SGD):
    """Keeps each mini-batch's gradients and losses in the place of an update."""

    def __init__(self, model):
        super().__init__(model.parameters(), lr=0.0)
        self.model, self.noted = model, []

    def step(self, closure=None):
        frame = sys._getframe()
        while "pg_loss" not in frame.f_locals:
            frame = frame.f_back
        here = frame.f_locals
        grads = {name: p.grad.clone().contiguous() for name, p in self.model.named_parameters()}
        self.noted.append((dict(indices=here["micro_batch_inds"].tolist(), policy=here["pg_loss"].item(),
                                value=here["vf_loss"].item()), grads))


def case(name, options, policy, value, old_policy, old_value, reference, reward):
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({str(i): i for i in range(16)}, unk_token="0")),
                                        pad_token="0", eos_token="2", padding_side="left")
    generator = torch.Generator().manual_seed(3)
    rows = [dict(input_ids=torch.randint(3, 16, (3 + i % 3,), generator=generator).tolist()) for i in range(BATCH)]
    args = PPOConfig(output_dir=tempfile.mkdtemp(), report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False,
                     per_device_train_batch_size=BATCH, gradient_accumulation_steps=1, num_mini_batches=2, num_ppo_epochs=1,
                     total_episodes=BATCH, response_length=MOST, stop_token="eos", temperature=1.0, num_sample_generations=0,
                     save_strategy="no", seed=7, **options)
    both = ppo_trainer.PolicyAndValueWrapper(policy, value)
    optimizer = Noted(both)
    trainer = PPOTrainer(args=args, processing_class=tokenizer, model=policy, ref_model=reference, reward_model=reward,
                         value_model=value, train_dataset=Dataset.from_list(rows), eval_dataset=Dataset.from_list(rows),
                         optimizers=(optimizer, torch.optim.lr_scheduler.ConstantLR(optimizer)))
    seen, logged = {}, []
    trainer.log = lambda metrics, *_: logged.append(dict(metrics))

    def note_rollouts():
        here = sys._getframe(1).f_locals
        if "advantages" in here and not seen:
            seen.update({k: here[k].clone() for k in ("query_responses", "logprobs", "ref_logprobs", "values", "scores", "rewards",
                                                      "advantages", "returns", "kl", "sequence_lengths")}, context=here["context_length"])

    drawn, rewarded = ppo_trainer.batch_generation, ppo_trainer.get_reward

    def rollouts_of_another(_, queries, size, pad, config):
        # Never the padding's id, and the end token often; what they were drawn with is what their log-probabilities are.
        config.suppress_tokens, config.sequence_bias = [PAD], [[[EOS], 1.5]]
        return drawn(old_policy, queries, size, pad, config)

    old_policy.generation_config.eos_token_id, old_policy.generation_config.pad_token_id = EOS, PAD
    patches = dict(empty_cache=note_rollouts,
                   batch_generation=rollouts_of_another,
                   get_reward=lambda model, *rest: rewarded(old_value if model is value else model, *rest))
    before = {k: getattr(ppo_trainer, k) for k in patches}
    for k, patch in patches.items():
        setattr(ppo_trainer, k, patch)
    try:
        trainer.train()
    finally:
        for k, patch in before.items():
            setattr(ppo_trainer, k, patch)
    rollouts = []
    for i in range(BATCH):
        n = int(seen["sequence_lengths"][i]) + 1
        states = min(n + 1, MOST)
        line = seen["query_responses"][i].tolist()
        of = lambda key, count: seen[key][i, :count].tolist()
        rollouts.append(dict(prompt=[t for t in line[:seen["context"]] if t != PAD], tokens=line[seen["context"]:seen["context"] + n],
                             logprobs=of("logprobs", n), reference=of("ref_logprobs", n), values=of("values", states),
                             score=seen["scores"][i].item(), kl=of("kl", n), rewards=of("rewards", states),
                             advantages=of("advantages", n), returns=of("returns", states)))
    for i, (_, grads) in enumerate(optimizer.noted):
        for part, prefix in (("policy", "policy."), ("value", "value_model.")):
            save_file({k.removeprefix(prefix): g for k, g in grads.items() if k.startswith(prefix)},
                      FIXTURES / f"{name}-{i}-{part}.safetensors")
    [metrics] = logged
    kept = ("objective/", "loss/", "policy/clipfrac", "val/clipfrac", "val/num")
    return dict(options={**dict(kl_coef=0.05, kl_estimator="k1", whiten_rewards=False, gamma=1.0, lam=0.95, cliprange=0.2,
                                cliprange_value=0.2, vf_coef=0.1, missing_eos_penalty=0), **options},
                rollouts=rollouts, mini_batches=[losses for losses, _ in optimizer.noted],
                metrics={k: v for k, v in metrics.items() if k.startswith(kept)})


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    FIXTURES.mkdir(parents=True)
    policy = scrambled(LlamaForCausalLM(LlamaConfig(**SHAPE)).float(), 11)
    value = scrambled(LlamaForSequenceClassification(LlamaConfig(**SHAPE, num_labels=1)).float(), 12)
    policy.save_pretrained(FIXTURES / "policy")
    value.save_pretrained(FIXTURES / "value")
    reward = scrambled(LlamaForSequenceClassification(LlamaConfig(**SHAPE, num_labels=1)).float(), 13)
    models_of = lambda: dict(policy=copy.deepcopy(policy), value=copy.deepcopy(value), old_policy=moved(policy, 5, 0.05),
                             old_value=moved(value, 6, 0.05), reference=moved(policy, 7, 0.1), reward=copy.deepcopy(reward))
    cases = {name: case(name, options, **models_of()) for name, options in CASES.items()}
    lengths = [len(r["tokens"]) for r in cases["plain"]["rollouts"]]
    assert max(lengths) == MOST and 0 < min(lengths) < MOST, lengths
    for name, made in cases.items():
        assert 0 < made["metrics"]["policy/clipfrac_avg"] < 1 and 0 < made["metrics"]["val/clipfrac_avg"] < 1, made["metrics"]
    versions = dict(torch=torch.__version__, transformers=transformers.__version__, trl=trl.__version__)
    text = json.dumps(dict(versions=versions, most=MOST, eos=EOS, cases=cases), indent=None, separators=(",", ":"))
    (FIXTURES / "values.json").write_text(text + "\n")
    print({name: made["metrics"] for name, made in cases.items()}, lengths)


main()
