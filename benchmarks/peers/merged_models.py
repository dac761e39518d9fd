"""Tiny models to be merged here, and what transformers and PEFT make of the results (benchmarks/peers/mergedForms.mjs).

usage: python merged_models.py make FOLDER        for each NAME below a random model in FOLDER/NAME/base and an adapter of
                                                  PEFT's on all its linear layers in FOLDER/NAME/adapter; prints the names
       python merged_models.py ask < WORK.json    prints JSON

WORK: {name: {"rows": [[id]], "greedy": steps or nothing} and one of {"folder": F}, {"base": F, "adapter": F} and
{"gguf": F}}. Of each model the log-probabilities of each row's tokens after the first, float32, and whether the head is
the table; with "greedy" also the most probable tokens after the rows and how far the second best is behind, in nats.
"""
import json
import os
import re
import sys
import warnings

import peft
import torch
import transformers

warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
# Whole blocks of every type of GGUF, and the ids of the tokenizer of bytes that the caller puts beside. Heads are apart from
# hidden size / heads where llama.cpp takes that of the family.
SHAPE = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             head_dim=16, vocab_size=261, max_position_embeddings=256, rms_norm_eps=1e-5, bos_token_id=None,
             eos_token_id=258, pad_token_id=256)
LLAMA3 = dict(rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=8192)
YARN = dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=64)
LONG = dict(rope_type="longrope", rope_theta=1e4, short_factor=[1.0, 1.1, 1.2, 1.4, 1.5, 1.7, 1.8, 1.9],
            long_factor=[2.0, 2.2, 2.5, 3.0, 3.5, 4.0, 4.2, 4.5])
PLAIN = dict(rope_type="default", rope_theta=5e5)
# name: (model_type, keys of config.json)
MODELS = {
    "llama": ("llama", dict(head_dim=32, rope_parameters=LLAMA3, tie_word_embeddings=True)),
    "llama-biased": ("llama", dict(head_dim=32, attention_bias=True)),
    "mistral": ("mistral", dict(head_dim=32, sliding_window=None)),
    "qwen2": ("qwen2", dict(rope_parameters=YARN)),
    "qwen3": ("qwen3", dict(head_dim=128, tie_word_embeddings=True)),
    "smollm3": ("smollm3", dict(num_hidden_layers=4, tie_word_embeddings=True)),
    "olmo2": ("olmo2", dict()),
    "olmo3": ("olmo3", dict(num_hidden_layers=4, sliding_window=8,
                            rope_parameters=dict(full_attention=PLAIN, sliding_attention=PLAIN))),
    "phi3": ("phi3", dict(original_max_position_embeddings=256, sliding_window=None)),
    "phi3-long": ("phi3", dict(max_position_embeddings=512, original_max_position_embeddings=256, rope_parameters=LONG, sliding_window=None)),
    "granite": ("granite", dict(embedding_multiplier=12.0, attention_multiplier=0.3, residual_multiplier=0.22,
                                logits_scaling=8.0, tie_word_embeddings=True)),
    "gemma3": ("gemma3_text", dict(head_dim=256, num_hidden_layers=7, sliding_window=8, query_pre_attn_scalar=256, tie_word_embeddings=True,
                                   rms_norm_eps=1e-6)),
    # An adapter on the head alone of two that are one matrix: the result has two.
    "head": ("qwen2", dict(tie_word_embeddings=True)),
}


def make(name, folder):
    model_type, keys = MODELS[name]
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(model_type, **{**SHAPE, **keys})
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    generator = torch.Generator().manual_seed(11)
    around_zero = model_type.startswith("gemma")  # its norms multiply by 1 + w
    with torch.no_grad():
        for parameter, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_((0 if around_zero else 1) + 0.2 * noise if re.search(r"norm\d?\.weight$", parameter) else 0.2 * noise)
    model.save_pretrained(os.path.join(folder, "base"))
    linears = {n.split(".")[-1] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and ".layers." in n}
    targets = ["lm_head"] if name == "head" else sorted(linears)
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=4, lora_alpha=8, target_modules=targets, task_type="CAUSAL_LM"))
    for _, p in tuned.named_parameters():
        if p.requires_grad:
            p.data = 0.1 * torch.randn(p.shape, generator=generator)
    tuned.save_pretrained(os.path.join(folder, "adapter"))


def opened(work):
    auto = dict(dtype=torch.float32, attn_implementation="eager")
    if "gguf" in work:
        folder, name = os.path.split(work["gguf"])
        return transformers.AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, **auto)
    if "adapter" in work:
        return peft.PeftModel.from_pretrained(automatic(work["base"], auto), work["adapter"])
    return automatic(work["folder"], auto)


def automatic(folder, auto):
    """Of a model that sees too, all of it: its text alone has other names in files."""
    sees = "vision_config" in json.load(open(os.path.join(folder, "config.json")))
    kind = transformers.AutoModelForImageTextToText if sees else transformers.AutoModelForCausalLM
    return kind.from_pretrained(folder, **auto)


def greedy(model, row, steps):
    tokens, margins = list(row), []
    for _ in range(steps):
        logits = model(torch.tensor([tokens])).logits[0, -1].double().log_softmax(-1)
        best = logits.topk(2)
        tokens.append(best.indices[0].item())
        margins.append((best.values[0] - best.values[1]).item())
    return {"tokens": tokens[len(row):], "margins": margins}


def said(work):
    try:
        model = opened(work).eval()
    except (ValueError, NotImplementedError, KeyError, RuntimeError) as error:
        if "gguf" not in work:
            raise
        return {"refused": f"{type(error).__name__}: {error}"[:200]}
    out = {"logprobs": []}
    with torch.no_grad():
        for row in work["rows"]:
            logits = model(torch.tensor([row])).logits[0].double().log_softmax(-1)
            out["logprobs"].append(logits[torch.arange(len(row) - 1), row[1:]].tolist())
        if "adapter" not in work:
            out["tied"] = model.get_output_embeddings().weight is model.get_input_embeddings().weight
        if work.get("greedy"):
            out["greedy"] = [greedy(model, row, work["greedy"]) for row in work["rows"]]
    return out


if sys.argv[1] == "make":
    for name in MODELS:
        make(name, os.path.join(sys.argv[2], name))
    print(json.dumps(list(MODELS)))
else:
    print(json.dumps({name: said(work) for name, work in json.load(sys.stdin).items()}))
