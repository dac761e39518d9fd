"""One-step LoRA gradients of PyTorch + PEFT under TRL's DPO loss and transformers' token mean: fixtures/gradient.json.

usage: python gradient.py MODEL.gguf
"""
import os
import sys
import tempfile

os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
import peft
import torch
import torch.nn.functional as F
import transformers
import trl
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from trl import DPOConfig, DPOTrainer

from common import load, write

QUESTIONS = [
    "How do I boil an egg?", "What is a prefix tree?", "Tell me a fact about whales.", "Why do leaves turn red?",
    "Suggest a name for a grey cat.", "How long is a marathon?", "What should I pack for a rainy hike?", "Explain tides.",
]


def pattern(count, salt):
    """The same numbers in any language: ((i * 7919 + salt * 104729) mod 2003) / 2003 - 0.5."""
    i = torch.arange(count, dtype=torch.int64)
    return ((i * 7919 + salt * 104729) % 2003).double() / 2003 - 0.5


def set_adapter(model):
    """A and B from the pattern, salts in order of layer, q before v, A before B. Returns (key, parameter) pairs."""
    named = dict(model.named_parameters())
    out, salt = [], 0
    for layer in range(model.config.num_hidden_layers):
        for module in ("q_proj", "v_proj"):
            for part in ("A", "B"):
                key = f"model.layers.{layer}.self_attn.{module}.lora_{part}"
                parameter = named[f"base_model.model.{key}.default.weight"]
                scale = 0.05 if part == "A" else 0.02
                parameter.data = (pattern(parameter.numel(), salt) * scale).float().view_as(parameter)
                out.append((key, parameter))
                salt += 1
    return out


def grads(parameters):
    """Norm and one projection of every gradient: enough to tell any wrong one."""
    return [dict(name=key, norm=p.grad.double().norm().item(), projection=(p.grad.double().flatten() @ pattern(p.numel(), 7)).item())
            for key, p in parameters]


def batch(prompts, completions):
    rows = [p + c for p, c in zip(prompts, completions)]
    width = max(map(len, rows))
    pad = lambda rows, value: torch.tensor([r + [value] * (width - len(r)) for r in rows])
    return dict(input_ids=pad(rows, 2), attention_mask=pad([[1] * len(r) for r in rows], 0),
                completion_mask=pad([[0] * len(p) + [1] * len(c) for p, c in zip(prompts, completions)], 0))


def main():
    torch.manual_seed(0)
    base, tokenizer = load(sys.argv[1])
    prompts, pairs = [], []
    for question in QUESTIONS:
        ids = tokenizer.apply_chat_template([dict(role="user", content=question)], add_generation_prompt=True, return_dict=False)
        out = base.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=True,
                            temperature=1.0, top_p=0.9, top_k=0, num_return_sequences=2, max_new_tokens=24, pad_token_id=2)
        cut = lambda row: row[:row.index(2) + 1] if 2 in row else row
        prompts.append(ids)
        pairs.append([cut(row[len(ids):].tolist()) for row in out])
    config = lambda: LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    dummy = Dataset.from_list([dict(prompt="a", chosen="b", rejected="c")])
    fixture = dict(versions=dict(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__, trl=trl.__version__),
                   prompts=prompts, chosen=[p[0] for p in pairs], rejected=[p[1] for p in pairs], beta=0.1, preference={})
    for loss_type in ("sigmoid", "hinge"):
        args = DPOConfig(output_dir=tempfile.mkdtemp(), loss_type=[loss_type], beta=0.1, report_to=[], use_cpu=True, bf16=False,
                         gradient_checkpointing=False, per_device_train_batch_size=8)
        # Given the base and a LoRA config, TRL's reference is the base: the adapter switched off.
        trainer = DPOTrainer(model=load(sys.argv[1])[0], args=args, train_dataset=dummy, processing_class=tokenizer,
                             peft_config=config())
        parameters = set_adapter(trainer.model)
        trainer.model.train()
        trainer.model.zero_grad()
        loss = trainer.compute_loss(trainer.model, batch(prompts * 2, fixture["chosen"] + fixture["rejected"]))
        loss.backward()
        fixture["preference"][loss_type] = dict(loss=loss.item(), grads=grads(parameters))

    # Mixed rows: four answers (their tokens are labels) and four judge prompts (one verdict token is the label).
    verdict = {v: tokenizer(v, add_special_tokens=False)["input_ids"] for v in (" A", " B")}
    assert all(len(ids) == 1 for ids in verdict.values())
    rows = [dict(ids=p + c, start=len(p)) for p, c in zip(prompts[:4], fixture["chosen"][:4])]
    for i, (question, pair) in enumerate(zip(QUESTIONS[4:], pairs[4:])):
        a, b = (tokenizer.decode(x, skip_special_tokens=True) for x in pair)
        text = f"Question: {question}\nResponse A: {a}\nResponse B: {b}\nWhich is better?"
        ids = tokenizer.apply_chat_template([dict(role="user", content=text)], add_generation_prompt=True, return_dict=False)
        ids = ids + tokenizer("The better one is Response", add_special_tokens=False)["input_ids"]
        rows.append(dict(ids=ids + verdict[" A" if i % 2 else " B"], start=len(ids)))
    width = max(len(r["ids"]) for r in rows)
    labels = torch.tensor([[-100] * r["start"] + r["ids"][r["start"]:] + [-100] * (width - len(r["ids"])) for r in rows])
    ids = torch.tensor([r["ids"] + [2] * (width - len(r["ids"])) for r in rows])
    mask = torch.tensor([[1] * len(r["ids"]) + [0] * (width - len(r["ids"])) for r in rows])
    model = get_peft_model(base, config())
    parameters = set_adapter(model)
    model.train()
    mask = dict(attention_mask=mask)
    theirs = model(input_ids=ids, **mask, labels=labels, num_items_in_batch=(labels != -100).sum()).loss.item()
    # The same once more in float64: transformers takes the softmax in float32, which alone is 1e-4 of these gradients.
    logits = model.double()(input_ids=ids, **mask).logits[:, :-1]
    loss = F.cross_entropy(logits.transpose(1, 2), labels[:, 1:], reduction="sum") / (labels != -100).sum()
    assert abs(loss.item() - theirs) < 1e-5 * theirs
    loss.backward()
    fixture["jsft"] = dict(rows=rows, loss=loss.item(), grads=grads(parameters))
    write("gradient.json", fixture)


main()
