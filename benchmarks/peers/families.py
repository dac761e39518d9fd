"""A tiny random model of each family that transformers saves, with its log-probabilities, the gradients of a LoRA step by
PEFT, and the same model as a GGUF file by the package gguf, all float32: fixtures/families/NAME/{config.json,
model.safetensors, model.gguf, adapter, gradients.safetensors, values.json}; where transformers classifies sequences with the
family, score/ is such a model, and values.json has its scores.

usage: python families.py [NAME ...]
"""
import json
import pathlib
import re
import shutil
import sys

import gguf
import numpy as np
import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

FIXTURES = pathlib.Path(__file__).parent / "fixtures" / "families"
SHAPE = dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             head_dim=6, vocab_size=29, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=2,
             pad_token_id=None)
# A tree: two rows that begin alike.
ROWS = [[1, 7, 3, 12, 5, 9, 2, 14, 8, 11, 23, 4, 28, 6], [1, 7, 3, 12, 5, 9, 20, 14, 17, 2, 2, 25]]
LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=16)
LONG = dict(rope_type="longrope", short_factor=[1.0, 1.3, 1.9], long_factor=[2.0, 3.5, 4.5])
MINISTRAL3 = dict(**YARN, rope_theta=1e6, beta_fast=32.0, beta_slow=1.0, mscale=1.0, mscale_all_dim=1.0, llama_4_scaling_beta=0.1)
PIXTRAL = dict(model_type="pixtral", hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, head_dim=8, image_size=8, patch_size=4)
SIGLIP = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=8, patch_size=4)

SEES = ("gemma3", "mistral3")

# name: (model_type, keys of config.json, GGUF: architecture and whether rows of q and k are permuted, or None)
FAMILIES = {
    "llama": ("llama", dict(rope_parameters={**LLAMA3, "rope_theta": 5e5}, tie_word_embeddings=True), None),
    "llama-biased": ("llama", dict(rope_parameters=dict(rope_type="dynamic", factor=2.0, rope_theta=1e4), attention_bias=True, mlp_bias=True), None),
    "mistral": ("mistral", dict(sliding_window=None), ("llama", True)),
    "mistral-window": ("mistral", dict(sliding_window=5), None),
    "ministral": ("ministral", dict(sliding_window=4, layer_types=["full_attention", "sliding_attention"]), None),
    "ministral3": ("ministral3", dict(rope_parameters=MINISTRAL3), None),
    "ministral3-sees": ("mistral3", dict(text_config=dict(model_type="ministral3", rope_parameters=MINISTRAL3, tie_word_embeddings=False),
                                         vision_config=PIXTRAL, tie_word_embeddings=False, spatial_merge_size=1), None),
    "qwen2": ("qwen2", dict(tie_word_embeddings=True), ("qwen2", False)),
    "qwen2-window": ("qwen2", dict(use_sliding_window=True, sliding_window=3, max_window_layers=1, rope_parameters={**YARN, "rope_theta": 1e6}), None),
    "qwen3": ("qwen3", dict(tie_word_embeddings=True), ("qwen3", False)),
    "qwen3-untied": ("qwen3", dict(attention_bias=True, rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=1e6)), None),
    "smollm3": ("smollm3", dict(num_hidden_layers=4, tie_word_embeddings=True), ("smollm3", True)),
    "smollm3-untied": ("smollm3", dict(no_rope_layers=[0, 1], tie_word_embeddings=False, use_sliding_window=True, sliding_window=4), None),
    "olmo2": ("olmo2", dict(), ("olmo2", False)),
    "olmo3": ("olmo3", dict(num_hidden_layers=4, sliding_window=5, tie_word_embeddings=True,
                            rope_parameters=dict(full_attention={**YARN, "rope_theta": 5e5}, sliding_attention=dict(rope_type="default", rope_theta=5e5))), None),
    "olmo3-plain": ("olmo3", dict(num_hidden_layers=4, sliding_window=5,
                                  rope_parameters={k: dict(rope_type="default", rope_theta=5e5) for k in ("full_attention", "sliding_attention")}), ("olmo2", False)),
    "phi3": ("phi3", dict(head_dim=3 * 2, tie_word_embeddings=False, original_max_position_embeddings=64), ("phi3", False)),
    "phi3-long": ("phi3", dict(hidden_size=32, head_dim=8, tie_word_embeddings=True, original_max_position_embeddings=16,
                               rope_parameters={**LONG, "rope_theta": 1e4, "partial_rotary_factor": 0.75}), ("phi3", False)),
    "phi3-window": ("phi3", dict(sliding_window=5, original_max_position_embeddings=64), ("phi3", False)),
    "granite": ("granite", dict(embedding_multiplier=12.0, attention_multiplier=0.3, residual_multiplier=0.22, logits_scaling=8.0, tie_word_embeddings=True), ("granite", True)),
    "granite-biased": ("granite", dict(embedding_multiplier=3.0, attention_multiplier=0.5, residual_multiplier=0.5, logits_scaling=3.0, attention_bias=True), None),
    "gemma3": ("gemma3_text", dict(num_hidden_layers=7, sliding_window=5, query_pre_attn_scalar=6, tie_word_embeddings=True), ("gemma3", False)),
    "gemma3-mixed": ("gemma3_text", dict(sliding_window=4, layer_types=["full_attention", "sliding_attention"], query_pre_attn_scalar=10, tie_word_embeddings=False,
                                         attention_bias=True,
                                         rope_parameters=dict(full_attention=dict(rope_type="linear", factor=8.0, rope_theta=1e6), sliding_attention=dict(rope_type="default", rope_theta=1e4))), None),
    "gemma3-sees": ("gemma3", dict(text_config=dict(model_type="gemma3_text", sliding_window=4, query_pre_attn_scalar=6), vision_config=SIGLIP, mm_tokens_per_image=4), None),
}
# Of docs/adding-a-family.md, in fixtures/guide: a family that is not there yet.
GUIDE = {"seed-oss": ("seed_oss", dict(attention_bias=True, attention_out_bias=True), None)}
RANK = 3


def scramble(model, seed):
    """Weights away from their start, so that attention, norms and head all matter."""
    generator = torch.Generator().manual_seed(seed)
    around_zero = model.config.model_type.startswith("gemma")  # its norms multiply by 1 + w
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_((0 if around_zero else 1) + 0.2 * noise if re.search(r"norm\d?\.weight$", name) else 0.4 * noise)


def config_of(model_type, keys):
    if model_type in SEES:
        keys = {**keys, "text_config": {**SHAPE, **keys["text_config"]}}
        return transformers.AutoConfig.for_model(model_type, **keys)
    return transformers.AutoConfig.for_model(model_type, **{**SHAPE, **keys})


def logprobs(model):
    """Of each token after the first of each row."""
    out = []
    for row in ROWS:
        logits = model(torch.tensor([row])).logits[0].double()
        out.append(logits.log_softmax(-1)[torch.arange(len(row) - 1), row[1:]])
    return out


def targets(model):
    """The linear layers of the text model's blocks."""
    linears = [n for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and re.search(r"layers\.\d+\.(self_attn|mlp)\.", n) and "vision" not in n]
    return sorted({n.split(".")[-1] for n in linears})


def adapted(base, folder):
    """A LoRA step: minus the mean log-probability, as SFT has it, over an adapter whose B is not zero."""
    pattern = r"(?!.*vision).*\.(" + "|".join(targets(base)) + ")" if base.config.model_type in SEES else targets(base)
    model = peft.get_peft_model(base, peft.LoraConfig(r=RANK, lora_alpha=6, lora_dropout=0.0, target_modules=pattern, task_type="CAUSAL_LM"))
    generator = torch.Generator().manual_seed(5)
    for name, p in model.named_parameters():
        if p.requires_grad:
            p.data = 0.3 * torch.randn(p.shape, generator=generator)
    values = logprobs(model)
    (-torch.cat(values).mean()).backward()
    model.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink(missing_ok=True)
    grads = {n.replace(".default", ""): p.grad.contiguous() for n, p in model.named_parameters() if p.requires_grad}
    save_file(grads, folder / "gradients.safetensors")
    return values


def classifier(model_type, base, folder):
    """The same blocks under a head of one number, as a reward model is; None where transformers has no such class."""
    auto = transformers.AutoModelForSequenceClassification
    if type(base.config) not in auto._model_mapping or model_type in SEES:
        return None
    config = type(base.config).from_dict({**base.config.to_dict(), "num_labels": 1, "pad_token_id": 0})
    model = auto.from_config(config).eval()
    with torch.no_grad():
        model.model.load_state_dict(base.model.state_dict())
        model.score.weight.copy_(torch.randn(model.score.weight.shape, generator=torch.Generator().manual_seed(9)))
        scores = [model(torch.tensor([row])).logits.item() for row in ROWS]
    model.save_pretrained(folder / "score")
    return scores


def permuted(values, heads):
    """llama.cpp's order of rows in q and k."""
    return values.reshape(heads, 2, values.shape[0] // heads // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def write_gguf(model, path, arch, permute):
    config = model.config
    writer = gguf.GGUFWriter(path, arch)
    rope = config.rope_parameters.get("full_attention", config.rope_parameters)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(int(head_dim * rope.get("partial_rotary_factor", 1)))
    writer.add_vocab_size(config.vocab_size)
    writer.add_eos_token_id(2)
    if arch == "granite":
        writer.add_embedding_scale(config.embedding_multiplier)
        writer.add_attention_scale(config.attention_multiplier)
        writer.add_residual_scale(config.residual_multiplier)
        writer.add_logit_scale(config.logits_scaling)
    if arch in ("gemma3", "olmo2", "phi3") and getattr(config, "sliding_window", None):
        writer.add_sliding_window(config.sliding_window)
    if config.model_type == "olmo3":
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])
    if rope["rope_type"] == "longrope":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(64 / 16) / np.log(16))))
        for kind in ("short", "long"):
            writer.add_tensor(f"rope_factors_{kind}.weight", np.array(rope[f"{kind}_factor"], dtype=np.float32))
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[arch.upper()], config.num_hidden_layers)
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = value.numpy()
        if permute and re.search(r"\.q_proj\.", name):
            values = permuted(values, config.num_attention_heads)
        if permute and re.search(r"\.k_proj\.", name):
            values = permuted(values, config.num_key_value_heads)
        if arch == "gemma3" and re.search(r"norm\.weight$", name):
            values = values + 1
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name):
    model_type, keys, into = {**FAMILIES, **GUIDE}[name]
    folder = (FIXTURES.parent / "guide" if name in GUIDE else FIXTURES) / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(0)
    auto = transformers.AutoModelForImageTextToText if model_type in SEES else transformers.AutoModelForCausalLM
    model = auto.from_config(config_of(model_type, keys), dtype=torch.float32, attn_implementation="eager").eval()
    scramble(model, 11)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    with torch.no_grad():
        values = dict(family=model_type, base=[[round(x, 7) for x in row.tolist()] for row in logprobs(model)])
        scores = classifier(model_type, model, folder)
    if scores is not None:
        values["scores"] = [round(x, 6) for x in scores]
    if into is not None:
        write_gguf(model, folder / "model.gguf", *into)
    values["adapter"] = [[round(x, 7) for x in row.tolist()] for row in adapted(model, folder)]
    (folder / "values.json").write_text(json.dumps(values) + "\n")
    print(name, *(p.name for p in sorted(folder.iterdir())))


(FIXTURES).mkdir(exist_ok=True)
(FIXTURES / "rows.json").write_text(json.dumps(ROWS) + "\n")
for name in sys.argv[1:] or [*FAMILIES, *GUIDE]:
    make(name)
