"""Reward models of transformers and PEFT on a tiny Llama with the loss, metrics and gradients of TRL's RewardTrainer on
eight pairs, float32: fixtures/reward/{full,base,adapter}, gradients by case, and values.json.

usage: python reward_gradient.py
"""
import json
import os
import pathlib
import shutil
import tempfile

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
import peft
import torch
import transformers
import trl
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, PreTrainedTokenizerFast
from trl import RewardConfig, RewardTrainer

FIXTURES = pathlib.Path(__file__).parent / "fixtures" / "reward"
PAD = 0
SHAPE = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
             head_dim=4, vocab_size=16, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=2,
             pad_token_id=PAD, tie_word_embeddings=False)
PREFIX = "base_model.model."


def pairs():
    """Two answers to one beginning each. Two sides end with the padding's id, which is not what is read there."""
    generator = torch.Generator().manual_seed(3)
    ids = lambda n: torch.randint(1, 16, (n,), generator=generator).tolist()
    out = []
    for i in range(8):
        prompt = ids(3 + i % 4)
        chosen, rejected = prompt + ids(2 + i % 3), prompt + ids(1 + (i * 5) % 4)
        out.append(dict(chosen_ids=chosen + [PAD] * (i == 2), rejected_ids=rejected + [PAD, PAD] * (i == 5),
                        margin=round(0.3 * i - 0.7, 3)))
    return out


def scramble(model):
    """Weights away from their start, so that attention, norms and head all matter."""
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.2 * noise if name.endswith("norm.weight") else noise * (1.5 if "score" in name else 0.4))


def trainer_of(model, rows, **options):
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({str(i): i for i in range(16)}, unk_token="0")),
                                        pad_token="0", eos_token="2")
    args = RewardConfig(output_dir=tempfile.mkdtemp(), report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False,
                        per_device_train_batch_size=len(rows), **options)
    return RewardTrainer(model=model, args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)


def case(name, model, rows, center=None):
    """Loss, metrics and gradients of one batch of all rows, as the trainer computes them, and the rewards of each side alone."""
    trainer = trainer_of(model, rows, center_rewards_coefficient=center)
    model.train()
    model.zero_grad()
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.compute_loss(model, batch)
    loss.backward()
    grads = {n.removeprefix(PREFIX).replace(".default", "").replace("modules_to_save.", ""): p.grad.contiguous()
             for n, p in model.named_parameters() if p.requires_grad}
    save_file(grads, FIXTURES / f"{name}.safetensors")
    metrics = {k: v[0] for k, v in trainer._metrics["train"].items() if k != "num_tokens"}
    model.eval()
    score = lambda side: [model(input_ids=torch.tensor([row[side]])).logits.item() for row in rows]
    return dict(center=center or 0, margins="margin" in rows[0], loss=loss.item(), metrics=metrics,
                chosen=score("chosen_ids"), rejected=score("rejected_ids"))


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    FIXTURES.mkdir(parents=True)
    rows = pairs()
    plain = [dict(chosen_ids=r["chosen_ids"], rejected_ids=r["rejected_ids"]) for r in rows]
    full = LlamaForSequenceClassification(LlamaConfig(**SHAPE, num_labels=1)).float()
    scramble(full)
    full.save_pretrained(FIXTURES / "full")
    cases = dict(plain=case("plain", full, plain), centred=case("centred", full, rows, 0.01))

    base = LlamaForCausalLM(LlamaConfig(**SHAPE)).float()
    scramble(base)
    base.save_pretrained(FIXTURES / "base")
    below = LlamaForSequenceClassification.from_pretrained(FIXTURES / "base", num_labels=1, dtype=torch.float32)
    adapted = get_peft_model(below, LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=4, lora_dropout=0.0,
                                               target_modules=["q_proj", "up_proj"], modules_to_save=["score"]))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for p in (p for p in adapted.parameters() if p.requires_grad):
            p.copy_(0.5 * torch.randn(p.shape, generator=generator))
    adapted.save_pretrained(FIXTURES / "adapter")
    (FIXTURES / "adapter" / "README.md").unlink(missing_ok=True)
    config = FIXTURES / "adapter" / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "base_model_name_or_path": "base"}, indent=2) + "\n")
    cases["adapter"] = case("adapter", adapted, rows, 0.01)
    versions = dict(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__, trl=trl.__version__)
    (FIXTURES / "values.json").write_text(json.dumps(dict(versions=versions, pad=PAD, pairs=rows, cases=cases), indent=1) + "\n")
    print({name: {k: tuple(v.shape) for k, v in load_file(FIXTURES / f"{name}.safetensors").items()} for name in cases})


main()
