// Models merged here, opened by transformers, PEFT, the package gguf and llama.cpp (benchmarks/peers/mergedModels.mjs).
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { FIXTURE, mergedModels, UNREAD } from '../benchmarks/peers/mergedModels.mjs';
import { nodeLlamaCpp } from '../benchmarks/peers/nodeLlamaCpp.mjs';
import { peerPython as python } from './support/peerPython.js';

type Figures = Awaited<ReturnType<typeof mergedModels>>[string];

const peer = python === undefined ? undefined : nodeLlamaCpp();
if (python === undefined)
  console.log('skipped: PYTHON is not set (an interpreter with transformers, peft and gguf)');
else if (peer !== undefined && 'missing' in peer) console.log(`skipped: ${peer.missing}`);

const recorded = JSON.parse(readFileSync(FIXTURE, 'utf8')) as {
  nodeLlamaCpp: string;
  models: Record<string, Figures>;
};
const names = Object.keys(recorded.models);
const within = (figures: Figures, form: 'peft' | 'float32' | 'bf16') =>
  expect(figures[form]).toBeLessThan(1e-3);

describe.skipIf(peer === undefined || 'missing' in peer)('merged here', () => {
  let models: Record<string, Figures>;
  beforeAll(async () => {
    if (peer === undefined || 'missing' in peer) return;
    expect(recorded.nodeLlamaCpp).toBe(peer.version);
    models = await mergedModels(python!, peer);
  }, 1_800_000);

  it('are the models that docs/models.md tells of', () => expect(Object.keys(models)).toEqual(names));

  it.each(names)(
    '%s says in transformers what PEFT says of model and adapter, and what is said here',
    (name) => {
      const figures = models[name];
      within(figures, 'peft');
      within(figures, 'float32');
      within(figures, 'bf16');
      // Weights of some 0.2 and three digits: a wrong tensor is nats away.
      expect(figures.rounding).toBeLessThan(0.1);
      const [base, inPython, config] = figures.tied;
      expect([inPython, config]).toEqual(name === 'head' ? [false, false] : [base, base]);
    },
  );

  it.each(names.filter((name) => recorded.models[name].gguf !== undefined))(
    '%s as GGUF has what the package gguf reads, and the greedy tokens of llama.cpp and transformers',
    (name) => {
      const { gguf, adapter } = models[name];
      const known = recorded.models[name];
      for (const [file, before] of [
        [gguf, known.gguf],
        [adapter, known.adapter],
      ]) {
        expect(file?.refused).toEqual(before?.refused);
        if (file?.refused !== undefined) continue;
        expect(file?.different).toEqual([]);
        expect(file?.llamaCpp?.refused).toEqual(before?.llamaCpp?.refused);
        if (file?.llamaCpp?.refused === undefined) expect(file?.llamaCpp?.same).toBeGreaterThan(0);
      }
      expect(gguf?.greedy).toBeGreaterThan(0);
      const { refused, apart } = gguf!.transformers!;
      expect(refused).toEqual(known.gguf?.transformers?.refused);
      if (refused !== undefined) return;
      // A line of UNREAD that is no longer true goes away.
      if (name in UNREAD) expect(apart).toBeGreaterThan(1e-3);
      else expect(apart).toBeLessThan(1e-3);
    },
  );
});
