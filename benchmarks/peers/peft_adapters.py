"""Adapters of every kind that PEFT saves, on three tiny models, with the log-probabilities that PEFT gives them:
fixtures/adapters/{untied,tied,biased}, a folder a kind, and values.json.

usage: python peft_adapters.py
"""
import json
import pathlib
import re
import shutil

import peft
import torch
import transformers

FIXTURES = pathlib.Path(__file__).parent / "fixtures" / "adapters"
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
IDS = [1, 7, 3, 12, 5, 9, 2, 14, 8]
SHAPE = dict(hidden_size=8, intermediate_size=12, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
             head_dim=4, vocab_size=16, max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=2,
             pad_token_id=None)
BASES = dict(untied=dict(tie_word_embeddings=False), tied=dict(tie_word_embeddings=True),
             biased=dict(tie_word_embeddings=False, attention_bias=True, mlp_bias=True))

MODULES = ["model.embed_tokens", "lm_head"] + [f"model.layers.{layer}.{block}.{name}_proj" for layer in (0, 1, 12)
                                              for block, names in (("self_attn", "qkvo"), ("mlp", ("gate", "up", "down"))) for name in names]

# name: (base, arguments of LoraConfig)
KINDS = {
    "pattern": ("untied", dict(target_modules=r".*\.layers\.(?P<n>1)\..*\.(q|v)_proj")),
    "paths": ("untied", dict(target_modules=["model.layers.1.self_attn.q_proj", "layers.2.mlp.up_proj"])),
    "excluded-names": ("untied", dict(target_modules=["q_proj", "v_proj"], exclude_modules=["layers.0.self_attn.q_proj", "v_proj"])),
    "excluded-pattern": ("untied", dict(target_modules=LINEARS, exclude_modules=r".*\.([02]\.mlp\.\w+|k_proj)")),
    "layers": ("untied", dict(target_modules=["q_proj", "down_proj"], layers_to_transform=[0, 2])),
    "one-layer": ("untied", dict(target_modules=["q_proj", "down_proj", "model.layers.0.mlp.up_proj"], layers_to_transform=1, layers_pattern=["blocks", "layers"])),
    "ranks": ("untied", dict(target_modules=LINEARS, rank_pattern={"q_proj": 3, r"layers\.[12]\.mlp.*": 1, "mlp.up_proj": 4},
                             alpha_pattern={"model.layers.0.self_attn.q_proj": 9, "q_proj": 5})),
    "rslora": ("untied", dict(target_modules=["q_proj", "v_proj"], use_rslora=True, rank_pattern={"v_proj": 3})),
    "all-linear": ("tied", dict(target_modules="all-linear")),
    "dora": ("untied", dict(target_modules=LINEARS, use_dora=True)),
    "dora-table": ("untied", dict(target_modules=["embed_tokens", "q_proj"], use_dora=True)),
    "saved-head": ("untied", dict(target_modules=["q_proj"], modules_to_save=["lm_head"])),
    "saved-head-tied": ("tied", dict(target_modules=["q_proj"], modules_to_save=["lm_head"])),
    "saved-table-tied": ("tied", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"])),
    "saved-both-tied": ("tied", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"])),
    "saved-one-for-both": ("tied", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True)),
    "saved-norms": ("untied", dict(target_modules=["v_proj"], modules_to_save=["input_layernorm", "model.norm"])),
    "saved-linear": ("biased", dict(target_modules=["v_proj"], modules_to_save=["o_proj"])),
    "lora-head": ("untied", dict(target_modules=["lm_head", "q_proj"])),
    "lora-head-tied": ("tied", dict(target_modules=["lm_head", "q_proj"])),
    "lora-table": ("untied", dict(target_modules=["embed_tokens", "q_proj"])),
    "lora-table-tied": ("tied", dict(target_modules=["embed_tokens", "q_proj"], use_rslora=True)),
    "lora-one-for-both": ("tied", dict(target_modules=["embed_tokens", "q_proj"], ensure_weight_tying=True)),
    "lora-bias": ("biased", dict(target_modules=["q_proj", "down_proj"], lora_bias=True)),
    "lora-bias-alone": ("untied", dict(target_modules=["q_proj", "down_proj"], lora_bias=True)),
    "biases": ("biased", dict(target_modules=["q_proj", "down_proj"], bias="all")),
    "resized": ("untied", dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"])),
    "resized-tied": ("tied", dict(target_modules=["q_proj"])),
}
# Of target_modules as one pattern; None where Python refuses it.
PATTERNS = [
    r".*(q_proj|v_proj)", r".*\.layers\.([0-9]|1[0-2])\.self_attn\.[qk]_proj", r"(?i).*Q_PROJ", r"(?P<a>lm)_head", r"model\.layers\.(?P<n>\d)\.(?P=n).*",
    r"(model)\.layers\.1\.(self_attn|mlp)\.(?!gate)\w+_proj\Z", r"\Amodel\.embed_tokens$", r"q_proj", r"lm_head|.*v_proj", r".*[]q]_proj", r".*[^]q]_proj",
    r".*layers\.\d{,1}\.mlp\..*", r".*_pr{1}oj", r"(?#a comment)lm_head", r".*(?<=self_attn\.)o_proj", r".*(?<!self_attn\.)\w_proj", r"(?s).*", r"(?x) lm_head",
    r"(?>lm)_head", r".*\_proj", r".*\q_proj", r".*[\w.]+up_proj", r"(", r"[q", r"*", "lm_head\\", r"(?:model\.)?lm_head", r".*\u0070roj", r"a++",
]
RESIZED = {"resized": 20, "resized-tied": 19}


def base_model(name, rows=None):
    model = transformers.LlamaForCausalLM.from_pretrained(FIXTURES / name, dtype=torch.float32)
    if rows is not None:
        model.resize_token_embeddings(rows)
    return model.eval()


def logprobs(model, rows):
    ids = IDS if rows is None else [*IDS, rows - 1]
    with torch.no_grad():
        every = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    return [round(every[i, ids[i + 1]].item(), 7) for i in range(len(ids) - 1)]


def make_base(name, change):
    torch.manual_seed(11)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SHAPE, **change))
    with torch.no_grad():
        for key, value in model.named_parameters():
            value.copy_((1 if "norm" in key else 0) + 0.3 * torch.randn_like(value))
    model.save_pretrained(FIXTURES / name)
    (FIXTURES / name / "generation_config.json").unlink(missing_ok=True)


def make_adapter(name, base, options):
    rows = RESIZED.get(name)
    torch.manual_seed(5)
    model = peft.get_peft_model(base_model(base, rows), peft.LoraConfig(r=2, lora_alpha=6, task_type="CAUSAL_LM", **options))
    with torch.no_grad():
        for key, value in model.named_parameters():
            trained = value.requires_grad or "lora_" in key
            if trained:
                value.copy_((value if "magnitude" in key or "norm" in key else 0) + 0.3 * torch.randn_like(value))
        if rows is not None:
            for module in {model.get_input_embeddings(), model.get_output_embeddings()}:
                module.weight.copy_(0.3 * torch.randn_like(module.weight))
    model.peft_config["default"].base_model_name_or_path = base
    model.save_pretrained(FIXTURES / name, save_embedding_layers=rows is not None or "auto")
    (FIXTURES / name / "README.md").unlink()
    again = peft.PeftModel.from_pretrained(base_model(base, rows), FIXTURES / name).eval()
    values = dict(base=base, logprobs=logprobs(again, rows))
    if not name.endswith("-tied") and name not in ("lora-bias-alone", "lora-one-for-both"):  # PEFT merges these wrongly, or not
        assert max(abs(a - b) for a, b in zip(logprobs(again.merge_and_unload(), rows), values["logprobs"])) < 1e-5, name
    return values


def matched(pattern, modules):
    try:
        return [module for module in modules if re.fullmatch(pattern, module)]
    except re.error:
        return None


def main():
    shutil.rmtree(FIXTURES, ignore_errors=True)
    FIXTURES.mkdir(parents=True)
    for name, change in BASES.items():
        make_base(name, change)
    values = dict(versions=dict(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__), ids=IDS, modules=MODULES,
                  patterns={pattern: matched(pattern, MODULES) for pattern in PATTERNS},
                  bases={name: logprobs(base_model(name), None) for name in BASES},
                  kinds={name: make_adapter(name, *kind) for name, kind in KINDS.items()})
    (FIXTURES / "values.json").write_text(json.dumps(values, indent=1) + "\n")


main()
