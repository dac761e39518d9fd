"""Rotary embedding as transformers has it, written to fixtures/rope.json: of each config.json its inverse frequencies, what
cos and sin are multiplied by, and cosines and sines at some positions, float32 as base64.

torch's own pow of float32 depends on the machine: with vector instructions it is Sleef's, a unit in the last place off now
and then; without, it is the C library's, which rounds right. It is asked without.
usage: python benchmarks/peers/rope.py
"""
import base64
import os

os.environ["ATEN_CPU_CAPABILITY"] = "default"
import torch
import transformers
from transformers import CONFIG_MAPPING
from transformers.models.gemma3.modeling_gemma3 import Gemma3RotaryEmbedding
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.phi3.modeling_phi3 import Phi3RotaryEmbedding

from common import write

EMBEDDINGS = {"llama": LlamaRotaryEmbedding, "phi3": Phi3RotaryEmbedding, "gemma3_text": Gemma3RotaryEmbedding}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8192}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}


def longrope(pairs):
    return {"type": "longrope", "short_factor": [1 + 0.013 * i for i in range(pairs)],
            "long_factor": [1.1 + 0.9 * i for i in range(pairs)]}


def llama(head_dim, theta, scaling=None, context=131072, **more):
    return dict(model_type="llama", head_dim=head_dim, rope_theta=theta, rope_scaling=scaling,
                max_position_embeddings=context, **more)


def phi3(head_dim, partial, context, **more):
    return dict(model_type="phi3", hidden_size=4 * head_dim, num_attention_heads=4, rope_theta=10000.0,
                partial_rotary_factor=partial, max_position_embeddings=context, original_max_position_embeddings=4096,
                pad_token_id=0, rope_scaling=longrope(int(head_dim * partial) // 2), **more)


CASES = {
    "plain, 8 dimensions": llama(8, 10000.0),
    "plain": llama(64, 10000.0),
    "plain, SmolLM2": llama(64, 100000.0),
    "plain, Llama 3": llama(128, 500000.0),
    "plain, Qwen": llama(128, 1000000.0),
    "plain, SmolLM3": llama(128, 5000000.0),
    "plain, 80 dimensions": llama(80, 10000.0),
    "linear": llama(64, 10000.0, {"type": "linear", "factor": 4.0}),
    "linear by a third": llama(128, 1000000.0, {"rope_type": "linear", "factor": 3.3}),
    "dynamic": llama(64, 10000.0, {"rope_type": "dynamic", "factor": 2.5}, 4096),
    "llama3": llama(128, 500000.0, LLAMA3),
    "llama3, 1B": llama(64, 500000.0, {**LLAMA3, "factor": 32.0}),
    "llama3, other factors": llama(96, 250000.0, {**LLAMA3, "factor": 10.3, "low_freq_factor": 1.3, "high_freq_factor": 5.7}),
    "yarn": llama(128, 1000000.0, YARN),
    "yarn, no original context": llama(64, 10000.0, {"rope_type": "yarn", "factor": 4.0}),
    "yarn, mscale": llama(64, 10000.0, {**YARN, "factor": 40, "original_max_position_embeddings": 4096, "mscale": 0.707,
                                        "mscale_all_dim": 1.2, "beta_fast": 32, "beta_slow": 1}),
    "yarn, one mscale": llama(64, 10000.0, {**YARN, "mscale": 0.707}),
    "yarn, other betas": llama(128, 1000000.0, {**YARN, "beta_fast": 16, "beta_slow": 2, "attention_factor": 0.8}),
    "yarn, no betas": llama(128, 1000000.0, {**YARN, "beta_fast": None, "beta_slow": 0, "attention_factor": None}),
    "yarn, truncated": llama(128, 150000.0, {**YARN, "factor": 3.7, "truncate": True}),
    "yarn, not truncated": llama(64, 150000.0, {**YARN, "factor": 32.0, "original_max_position_embeddings": 4096,
                                                "truncate": False}),
    "yarn, truncate of null": llama(128, 1000000.0, {**YARN, "truncate": None}),
    "yarn, a ramp of no width": llama(64, 10000.0, {**YARN, "beta_fast": 2, "beta_slow": 2, "truncate": False}),
    "longrope": phi3(64, 1.0, 131072),
    "longrope, three quarters": phi3(128, 0.75, 131072),
    "longrope within its context": phi3(96, 1.0, 4096),
    "layers, yarn": dict(model_type="gemma3_text", head_dim=64, max_position_embeddings=131072, rope_parameters={
        "full_attention": {**YARN, "rope_theta": 1000000.0, "truncate": False},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}),
    "layers, linear": dict(model_type="gemma3_text", head_dim=256, max_position_embeddings=131072, rope_parameters={
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}),
}


def base64_of(values):
    return base64.b64encode(values.detach().to(torch.float32).contiguous().numpy().tobytes()).decode()


def case(name, config):
    # The constructors write into what they are given.
    read = CONFIG_MAPPING[config["model_type"]].from_dict({k: dict(v) if isinstance(v, dict) else v for k, v in config.items()})
    embedding = EMBEDDINGS[config["model_type"]](read)
    layers = "full_attention" if "rope_parameters" in config else None
    prefix = f"{layers}_" if layers else ""
    frequencies = getattr(embedding, f"{prefix}inv_freq").clone()
    factor = getattr(embedding, f"{prefix}attention_scaling")
    short = config["model_type"] == "phi3"
    end = min(config["max_position_embeddings"], 4096 if short else 131072)
    positions = [1, 1001, end - 1]
    cosines, sines = embedding(torch.zeros(1), torch.tensor([positions]), *([layers] if layers else []))
    half = len(frequencies)
    return dict(name=name, config=config, frequencies=base64_of(frequencies), factor=factor, positions=positions,
                rows=base64_of(torch.cat([cosines[0, :, :half], sines[0, :, :half]], -1)))


write("rope.json", dict(transformers=transformers.__version__, torch=torch.__version__,
                        cases=[case(name, config) for name, config in CASES.items()]))
print(len(CASES), "cases")
