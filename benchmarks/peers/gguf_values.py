"""GGUF blocks of every type that is read, with the values the Python package gguf makes of them, and float32 values with
the blocks it makes of those.

usage: python gguf_values.py

Writes fixtures/gguf_blocks.safetensors: TYPE.blocks and TYPE.values; quantize.values and quantize.TYPE.
"""
import numpy as np
from gguf import GGMLQuantizationType, quants
from gguf.constants import GGML_QUANT_SIZES
from safetensors.numpy import save_file

from common import FIXTURES

# Where a block has its half-precision scales.
SCALES = {
    'Q8_0': [0], 'Q4_0': [0], 'Q4_1': [0, 2], 'Q5_0': [0], 'Q5_1': [0, 2], 'IQ4_NL': [0],
    'Q2_K': [80, 82], 'Q3_K': [108], 'Q4_K': [0, 2], 'Q5_K': [0, 2], 'Q6_K': [208], 'IQ4_XS': [0],
}
# 1, zeros, the largest, the least normal number, the largest and the least subnormal one; then ordinary ones.
HALVES = [0x3c00, 0x0000, 0x8000, 0x7bff, 0xfbff, 0x0400, 0x03ff, 0x83ff, 0x0001, 0xbc00, 0x2e66, 0x9123]
rng = np.random.default_rng(1)
tensors = {}

for name, offsets in SCALES.items():
    values, size = GGML_QUANT_SIZES[GGMLQuantizationType[name]]
    blocks = rng.integers(0, 256, (len(HALVES) if values == 256 else 3 * len(HALVES), size), dtype=np.uint8)
    blocks[0] = 0
    blocks[1] = 255
    if values == 32:  # every byte, and so every pair of nibbles
        blocks[2:18] = np.resize(np.arange(256), (16, size))
    for i, block in enumerate(blocks):
        for j, offset in enumerate(offsets):
            half = HALVES[(i + j * (1 + i // 3)) % len(HALVES)]
            block[offset:offset + 2] = half & 255, half >> 8
    expanded = quants.dequantize(blocks, GGMLQuantizationType[name])
    assert np.isfinite(expanded).all()
    tensors[f'{name}.blocks'] = blocks
    tensors[f'{name}.values'] = expanded.reshape(len(blocks), values)

rows = [np.zeros(32), np.full(32, -0.0), np.arange(-16, 16), np.arange(32) / 2 - 8, np.full(32, -3.5)]
# The largest magnitude twice, either sign first: Q4_0 goes by the first.
rows += [np.resize([1, -4, 4, 2], 32), np.resize([1, 4, -4, 2], 32)]
# Halves of a step of Q8_0, and the largest of half precision, in which Q8_0's scale is exact.
rows += [np.concatenate([[127], np.arange(31) - 15.5]), np.resize([65504, -65504, 1, 0], 32)]
# Scales that half precision has as subnormals, or as 0.
rows += [rng.standard_normal(32) * 2.0 ** -e for e in (20, 24, 27, 40, 110)]
# Ties of F16 and of BF16, to even; numbers below the least of F16.
rows += [(1 + np.arange(32) / 2048), (1 + np.arange(32) / 256), np.arange(32) * 2.0 ** -26]
rows += [rng.standard_normal(32) * scale for scale in (1e-3, 1e-2, 1, 30, 1e4) for _ in range(8)]
given = np.clip(np.array(rows), -65504, 65504).astype(np.float32)
tensors['quantize.values'] = given
for name in ('F16', 'BF16', 'Q8_0', 'Q4_0'):
    packed = quants.quantize(given, GGMLQuantizationType[name])
    tensors[f'quantize.{name}'] = np.ascontiguousarray(packed).view(np.uint8)

save_file(tensors, FIXTURES / 'gguf_blocks.safetensors', metadata={'format': 'np'})
