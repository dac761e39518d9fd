"""What the Python package gguf reads in a GGUF file written here.

usage: python gguf_written.py FILE.gguf

Prints JSON: metadata by key (types and contents), and of each tensor the type, the shape (rows first), the sha256 of its
values as float32 and, where NAME.F32 is there for NAME.TYPE, whether gguf.quants packs that to the same bytes.
"""
import hashlib
import json
import sys

import numpy as np
from gguf import GGUFReader, quants

reader = GGUFReader(sys.argv[1])
metadata = {
    key: [[kind.name for kind in field.types], field.contents()]
    for key, field in reader.fields.items()
    if not key.startswith('GGUF.')
}
values = {t.name: quants.dequantize(t.data, t.tensor_type) for t in reader.tensors}
tensors = {}
for tensor in reader.tensors:
    stem, _, kind = tensor.name.rpartition('.')
    given = values.get(f'{stem}.F32')
    packed = None if given is None else np.ascontiguousarray(quants.quantize(given, tensor.tensor_type))
    tensors[tensor.name] = {
        'type': tensor.tensor_type.name,
        'shape': [int(n) for n in reversed(tensor.shape)],
        'digest': hashlib.sha256(values[tensor.name].tobytes()).hexdigest(),
        'same': None if packed is None else packed.tobytes() == tensor.data.tobytes(),
    }
print(json.dumps({'alignment': int(reader.alignment), 'metadata': metadata, 'tensors': tensors}))
