"""What transformers, PEFT and gguf make of models that were merged here (test/merge.soak.test.ts).

usage: python merged_models.py make FAMILY FOLDER      a tiny random model in FOLDER/base and an adapter of PEFT's for it in
                                                       FOLDER/adapter; its tokenizer is put beside it by the caller
       python merged_models.py ask < WORK.json         prints JSON

WORK: {"rows": [[id]], "greedy": steps, "models": {name: {"folder": F} | {"base": F, "adapter": F} | {"gguf": F}}}. Of each
model the log-probabilities of each row's tokens after the first, float32; with "greedy" also the most probable tokens after
the rows and how far the second best is behind, in nats.
"""
import json
import os
import re
import sys

import peft
import torch
import transformers

transformers.logging.set_verbosity_error()
SHAPE = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             head_dim=32, vocab_size=288, max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=None,
             eos_token_id=258, pad_token_id=256)
LLAMA3 = dict(rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=8192)
YARN = dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=64)
FAMILIES = {
    "llama": ("llama", dict(rope_parameters=LLAMA3, tie_word_embeddings=True)),
    "llama-biased": ("llama", dict(attention_bias=True)),
    "mistral": ("mistral", dict(sliding_window=None)),
    "qwen2": ("qwen2", dict(rope_parameters=YARN)),
    "qwen3": ("qwen3", dict(tie_word_embeddings=True)),
    "smollm3": ("smollm3", dict(num_hidden_layers=4, tie_word_embeddings=True)),
    "olmo2": ("olmo2", dict()),
    "phi3": ("phi3", dict(original_max_position_embeddings=256, sliding_window=None)),
    "granite": ("granite", dict(embedding_multiplier=12.0, attention_multiplier=0.3, residual_multiplier=0.22,
                                logits_scaling=8.0, tie_word_embeddings=True)),
    "gemma3": ("gemma3_text", dict(num_hidden_layers=7, sliding_window=64, query_pre_attn_scalar=32, tie_word_embeddings=True,
                                   rms_norm_eps=1e-6)),
}


def make(family, folder):
    model_type, keys = FAMILIES[family]
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(model_type, **{**SHAPE, **keys})
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    generator = torch.Generator().manual_seed(11)
    around_zero = model_type.startswith("gemma")  # its norms multiply by 1 + w
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_((0 if around_zero else 1) + 0.2 * noise if re.search(r"norm\d?\.weight$", name) else 0.2 * noise)
    model.save_pretrained(os.path.join(folder, "base"))
    linears = {n.split(".")[-1] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and ".layers." in n}
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=8, target_modules=sorted(linears), task_type="CAUSAL_LM"))
    for name, p in tuned.named_parameters():
        if p.requires_grad:
            p.data = 0.1 * torch.randn(p.shape, generator=generator)
    tuned.save_pretrained(os.path.join(folder, "adapter"))


def opened(work):
    auto = dict(dtype=torch.float32, attn_implementation="eager")
    if "gguf" in work:
        folder, name = os.path.split(work["gguf"])
        return transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, **auto)
    if "adapter" in work:
        base = transformers.AutoModelForCausalLM.from_pretrained(work["base"], **auto)
        return peft.PeftModel.from_pretrained(base, work["adapter"])
    return transformers.AutoModelForCausalLM.from_pretrained(work["folder"], **auto)


def greedy(model, row, steps):
    tokens, margins = list(row), []
    for _ in range(steps):
        logits = model(torch.tensor([tokens])).logits[0, -1].double().log_softmax(-1)
        best = logits.topk(2)
        tokens.append(best.indices[0].item())
        margins.append((best.values[0] - best.values[1]).item())
    return tokens[len(row):], margins


def ask(work):
    out = {}
    for name, one in work["models"].items():
        try:
            model = opened(one).eval()
        except (ValueError, NotImplementedError, KeyError) as error:
            out[name] = {"refused": str(error)[:200]}
            continue
        with torch.no_grad():
            rows = []
            for row in work["rows"]:
                logits = model(torch.tensor([row])).logits[0].double().log_softmax(-1)
                rows.append(logits[torch.arange(len(row) - 1), row[1:]].tolist())
            out[name] = {"logprobs": rows, "class": type(model).__name__}
            if work.get("greedy"):
                out[name]["greedy"] = [greedy(model, row, work["greedy"]) for row in work["rows"]]
    return out


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3])
else:
    print(json.dumps(ask(json.load(sys.stdin))))
