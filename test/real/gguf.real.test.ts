// The blocks of a real Q4_K_M file against those the Python package gguf makes values of (benchmarks/peers/gguf_digests.py).
import { createHash } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { readGguf } from '@selfjudge/engine';
import { fixture } from './real.js';

const path = inject('mixedBlocks');

describe.skipIf(path === '')('Gemma 3 270M in Q4_K_M', () => {
  const digests =
    fixture<Record<string, { type: string; shape: number[]; digest: string }>>('gguf_digests.json');

  it('has all tensors, each expanded to the bits of gguf.quants', () => {
    const file = readGguf(path);
    expect([...file.tensors.keys()]).toEqual(Object.keys(digests));
    const types = new Set<string>();
    for (const [name, { type, shape }] of file.tensors) {
      const digest = createHash('sha256').update(file.read(name)).digest('hex').slice(0, 16);
      expect({ name, type, shape, digest }).toEqual({ name, ...digests[name] });
      types.add(type);
    }
    expect([...types].toSorted()).toEqual(['F32', 'Q4_K', 'Q5_0', 'Q6_K', 'Q8_0']);
  });
});
