"""Matrices that bitsandbytes packed in 4 bits, as transformers saves them, and the values its CPU kernels make of them.

usage: python bitsandbytes_values.py

Writes fixtures/bitsandbytes.safetensors: NAME.weight with its parts, and NAME.expected. Rows are whole
blocks: of others (64 does not divide the columns) the AVX-512 kernels of this version take the wrong scales.
"""
import torch
from bitsandbytes import functional as F
from safetensors.torch import save_file

from common import FIXTURES

torch.manual_seed(1)
tensors = {}


def add(name, shape, kind, dtype, nested):
    packed, state = F.quantize_4bit(
        torch.randn(shape).to(dtype), quant_type=kind, compress_statistics=nested, blocksize=64
    )
    tensors[f'{name}.weight'] = packed
    for part, value in state.as_dict(packed=True).items():
        tensors[f'{name}.weight.{part}'] = value.clone()
    tensors[f'{name}.expected'] = F.dequantize_4bit(packed, state)


for kind in ('nf4', 'fp4'):
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        for nested in (False, True):
            add(f'{kind}.{str(dtype)[6:]}.{"nested" if nested else "plain"}', (3, 64), kind, dtype, nested)
# More blocks than one scale of scales is for.
add('large', (130, 128), 'nf4', torch.bfloat16, True)
tensors['plain.weight'] = torch.randn(3, 4)

save_file(tensors, FIXTURES / 'bitsandbytes.safetensors', metadata={'format': 'pt'})
