"""Digests of every tensor of a GGUF file, expanded by the Python package gguf.

usage: python gguf_digests.py FILE.gguf FIXTURE

Writes fixtures/FIXTURE: by name the type, the shape (rows first) and the sha256 of the float32 values, 16 digits of it.
"""
import hashlib
import sys

from gguf import GGUFReader, quants

from common import write

path, fixture = sys.argv[1:]
tensors = {}
for tensor in GGUFReader(path).tensors:
    values = quants.dequantize(tensor.data, tensor.tensor_type)
    tensors[tensor.name] = {
        'type': tensor.tensor_type.name,
        'shape': [int(n) for n in reversed(tensor.shape)],
        'digest': hashlib.sha256(values.tobytes()).hexdigest()[:16],
    }
write(fixture, tensors)
