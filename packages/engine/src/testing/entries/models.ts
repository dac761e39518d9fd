import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as engine from '../../index.js';
import { byteModel, tinyConfig } from '@selfjudge/testing/tinyModel';
import { GgufBuilder } from '@selfjudge/testing/ggufBuilder';
import { arg, entry, fields, type Entry } from '@selfjudge/testing/wrongCalls';
import {
  except,
  noneOf,
  notFlag,
  notFunction,
  notList,
  notListOf,
  notNumber,
  notObject,
  notText,
  notWhole,
} from '@selfjudge/testing/wrongValues';
import { device, floats, ids, junk, notDevice, notTensor, perhaps } from './values.js';

const { Adapter, Model, ModelView, RewardModel, Safetensors, ScoreHead, TreeBatch } = engine;
const folder = mkdtempSync(join(tmpdir(), 'selfjudge-wrong-'));
export const removeFiles = (): void => rmSync(folder, { recursive: true });
const at = (name: string) => join(folder, name);

export const model = byteModel();
await model.save(at('model'));
const config = { r: 2, alpha: 4, dropout: 0, targetModules: ['q_proj'] };
const adapter = Adapter.init(model, config, 1);
const adapterValues = engine.Tensor.from(device, await adapter.read(), [(await adapter.read()).length]);
const untrained = byteModel();
const { value: modelValues } = byteModel().makeTrainable();
const other = Adapter.init(engine.Model.init(tinyConfig, { seed: 1, device }), config, 1);
export const view = model.view([adapter]);
const head = ScoreHead.init(model, 1);
const wideHead = ScoreHead.init(engine.Model.init(tinyConfig, { seed: 1, device }), 1);
const rewards = new RewardModel(view, head);
const rewarded = TreeBatch.from([rewards.sequence([1, 2])]);
const batch = TreeBatch.from([{ tokens: [1, 2], targets: [[1, 2]] }]);
await adapter.save(at('adapter'));
await rewards.save(at('reward'));
const gguf = at('tiny.gguf');
writeFileSync(gguf, new GgufBuilder().value('general.architecture', 'string', 'llama').bytes());

/** No path, or one where nothing is. */
export const notPath = fc.oneof(notText, fc.constantFrom('', '\0', at('nothing here')));
/** A place that cannot be written to: below a file. */
const notPlace = fc.oneof(notText, fc.constantFrom('', '\0', join(gguf, 'below')));
const notIterable = except((v) => typeof v === 'object' && v !== null && Symbol.iterator in v);
export const notModel = fc.oneof(junk, fc.constantFrom(view, adapter));
export const notView = fc.oneof(junk, fc.constantFrom(model, adapter));
const notAdapter = fc.oneof(junk, fc.constantFrom(model, view));
const notAdapters = fc.oneof(notListOf(adapter, notAdapter), fc.constant([other]));
export const notDropout = fc.oneof(
  notObject,
  notWhole(0, 2 ** 32 - 1).map((seed) => ({ seed, step: 0 })),
);
const notStorage = {
  device: arg(device, perhaps(notDevice)),
  dtype: arg('bf16', perhaps(noneOf('bf16', 'float32'))),
};
const counts = [
  'hiddenSize',
  'intermediateSize',
  'layers',
  'heads',
  'kvHeads',
  'headDim',
  'vocabSize',
  'maxPositions',
];
const notConfig = fc.oneof(
  notObject,
  ...counts.map((key) => notWhole(1, 2 ** 31 - 1).map((n) => ({ ...tinyConfig, [key]: n }))),
  notNumber(1e-9, 0.9).map((rmsNormEps) => ({ ...tinyConfig, rmsNormEps })),
  notNumber(1e-9).map((ropeTheta) => ({ ...tinyConfig, ropeTheta })),
  notFlag.map((tieWordEmbeddings) => ({ ...tinyConfig, tieWordEmbeddings })),
  notListOf(2, notWhole(0, 49)).map((eosTokenIds) => ({ ...tinyConfig, eosTokenIds })),
  perhaps(notObject).map((ropeScaling) => ({ ...tinyConfig, ropeScaling })),
);
/** Of a tensor with so many. */
const notRows = (count: number) =>
  fields(
    {
      from: arg(0, fc.oneof(notWhole(0), fc.constantFrom(count, count + 1))),
      to: arg(1, fc.oneof(notWhole(0), fc.constantFrom(0, count + 1))),
    },
    perhaps(notObject),
  );
const rows = { tokens: ids, positions: ids, length: 1 };

export const modelEntries: Record<string, Entry> = {
  'Model.load': entry(Model.load, {
    path: arg(at('model'), notPath),
    options: fields(
      {
        ...notStorage,
        beforeWeights: arg(() => () => {}, perhaps(notFunction)),
        onProgress: arg(() => () => {}, perhaps(notFunction)),
        withoutAdapter: arg(false, perhaps(notFlag)),
        onWarning: arg(() => () => {}, perhaps(notFunction)),
      },
      perhaps(notObject),
    ),
  }),
  'Model.init': entry(Model.init, {
    config: arg(tinyConfig, notConfig),
    options: fields(
      { ...notStorage, seed: arg(1, notWhole(0)), tokenizer: arg(model.tokenizer, perhaps(junk)) },
      notObject,
    ),
  }),
  'Model#save': entry((dir: string) => model.save(dir), { folder: arg(at('again'), notPlace) }),
  'Model#view': entry((adapters: engine.Adapter[]) => model.view(adapters), {
    adapters: arg([adapter], perhaps(fc.oneof(notAdapters, fc.constant([adapter, adapter, adapter])))),
  }),
  loadModelWithAdapter: entry(engine.loadModelWithAdapter, {
    path: arg(at('adapter'), notPath),
    options: fields(
      { ...notStorage, onWarning: arg(() => () => {}, perhaps(notFunction)) },
      perhaps(notObject),
    ),
  }),
  findModel: entry(engine.findModel, { path: arg(at('model'), notPath) }),
  mergeAdapters: entry(engine.mergeAdapters, {
    model: arg(model, notModel),
    adapters: arg([adapter], notAdapters),
  }),
  'Adapter.init': entry(Adapter.init, {
    model: arg(model, notModel),
    config: fields(
      {
        r: arg(2, notWhole(1)),
        alpha: arg(2, notNumber()),
        dropout: arg(0, notNumber(0, 0.999)),
        targetModules: arg(
          ['q_proj'],
          fc.oneof(notListOf('q_proj', notText), fc.constantFrom([], ['query'])),
        ),
        modules: arg(
          undefined,
          perhaps(
            fc.oneof(
              notListOf({ layer: 0, name: 'q_proj', r: 1, alpha: 1 }, notObject),
              fc.constantFrom(
                [],
                [{ layer: 99, name: 'q_proj', r: 1, alpha: 1 }],
                [{ layer: 0, name: 'query', r: 1, alpha: 1 }],
              ),
            ),
          ),
        ),
      },
      notObject,
    ),
    seed: arg(1, notWhole(0)),
  }),
  'Adapter.load': entry(Adapter.load, {
    folder: arg(at('adapter'), notPath, ''),
    model: arg(model, notModel),
    onWarning: arg(() => () => {}, perhaps(notFunction)),
  }),
  'Adapter.stack': entry(Adapter.stack, {
    adapters: arg(
      [adapter, adapter],
      fc.oneof(notListOf(adapter, notAdapter), fc.constantFrom([], [adapter, other])),
    ),
  }),
  'Adapter#matrices': entry((layer: number, name: engine.LinearName) => adapter.matrices(layer, name), {
    layer: arg(0, notWhole(0)),
    name: arg('q_proj', noneOf(...engine.LINEARS)),
  }),
  'Adapter#save': entry((dir: string, score?: Float32Array) => adapter.save(dir, score), {
    folder: arg(at('again'), notPlace),
    score: arg(undefined, perhaps(junk)),
  }),
  'Adapter#assign': entry((values: engine.Tensor) => adapter.assign(values), {
    values: arg(adapterValues, fc.oneof(notTensor, fc.constantFrom(ids, floats()))),
  }),
  'Model#assign': entry((values: engine.Tensor) => untrained.assign(values), {
    values: arg(modelValues, fc.oneof(notTensor, fc.constantFrom(ids, floats()))),
  }),
  'Adapter#assertFits': entry((fits: engine.Model) => adapter.assertFits(fits), {
    model: arg(model, notModel),
  }),
  'new ModelView': entry((of: engine.Model, adapters: engine.Adapter[]) => new ModelView(of, adapters), {
    model: arg(model, notModel),
    adapters: arg([], perhaps(notAdapters)),
  }),
  ...Object.fromEntries(
    (['hidden', 'logprobs'] as const).map((method) => [
      `ModelView#${method}`,
      entry((of: engine.TreeBatch, options: object) => view[method](of, options), {
        batch: arg(batch, junk),
        options: fields({ dropout: arg({ seed: 1, step: 1 }, perhaps(notDropout)) }, perhaps(notObject)),
      }),
    ]),
  ),
  'ModelView#score': entry((of: engine.TreeBatch) => view.score(of), { batch: arg(batch, junk) }),
  'ModelView#linear': entry(
    (layer: number, name: engine.LinearName, x: engine.Tensor, options: object) =>
      view.linear(layer, name, x, options),
    {
      layer: arg(0, notWhole(0, 1)),
      name: arg('q_proj', noneOf(...engine.LINEARS)),
      x: arg(floats([2, 32]), fc.oneof(notTensor, fc.constant(ids))),
      options: fields(
        {
          rowKeys: arg(undefined, perhaps(fc.oneof(notTensor, fc.constant(floats())))),
          dropout: arg({ seed: 1, step: 1 }, perhaps(notDropout)),
          gate: arg(floats([2, 32]), perhaps(fc.oneof(notTensor, fc.constant(floats())))),
          activation: arg('gelu_tanh', perhaps(noneOf(...engine.ACTIVATIONS))),
        },
        perhaps(notObject),
      ),
    },
  ),
  'ModelView#linearGroup': entry(
    (layer: number, names: engine.LinearName[], x: engine.Tensor, options: object) =>
      view.linearGroup(layer, names, x, options),
    {
      layer: arg(0, notWhole(0, 1)),
      names: arg(
        ['q_proj', 'v_proj'],
        fc.oneof(
          notList,
          noneOf(...engine.LINEARS).map((name) => ['q_proj', name]),
          fc.constant(['q_proj']),
        ),
      ),
      x: arg(floats([2, 32]), fc.oneof(notTensor, fc.constant(ids))),
      options: fields({ dropout: arg(undefined, perhaps(notDropout)) }, perhaps(notObject)),
    },
  ),
  'ScoreHead.init': entry(ScoreHead.init, { model: arg(model, notModel), seed: arg(1, notWhole(0)) }),
  'ScoreHead.of': entry(ScoreHead.of, {
    model: arg(model, notModel),
    values: arg(
      new Float32Array(32),
      fc.oneof(junk, fc.constantFrom(new Float32Array(3), new Float32Array(32).fill(NaN))),
    ),
  }),
  'new RewardModel': entry(
    (of: engine.ModelView, by: engine.ScoreHead, pad: number) => new RewardModel(of, by, pad),
    {
      view: arg(view, notView),
      head: arg(head, fc.oneof(junk, fc.constant(wideHead))),
      padTokenId: arg(undefined, perhaps(notWhole(0))),
    },
  ),
  'RewardModel.load': entry(RewardModel.load, {
    path: arg(at('reward'), notPath),
    options: fields(
      {
        ...notStorage,
        beforeWeights: arg(() => () => {}, perhaps(notFunction)),
        onProgress: arg(() => () => {}, perhaps(notFunction)),
        onWarning: arg(() => () => {}, perhaps(notFunction)),
      },
      perhaps(notObject),
    ),
  }),
  'RewardModel#save': entry((dir: string) => rewards.save(dir), { folder: arg(at('again'), notPlace) }),
  'RewardModel#sequence': entry((tokens: number[]) => rewards.sequence(tokens), {
    tokens: arg([1, 2], notListOf(1, notWhole(0))),
  }),
  'RewardModel#rewards': entry((of: engine.TreeBatch, options: object) => rewards.rewards(of, options), {
    batch: arg(rewarded, fc.oneof(junk, fc.constant(batch))),
    options: fields({ dropout: arg({ seed: 1, step: 1 }, perhaps(notDropout)) }, perhaps(notObject)),
  }),
  'RewardModel#score': entry((of: engine.TreeBatch) => rewards.score(of), {
    batch: arg(rewarded, fc.oneof(junk, fc.constant(batch))),
  }),
  forwardRows: entry(engine.forwardRows, {
    view: arg(view, notView),
    rows: fields(
      {
        tokens: arg(rows.tokens, junk),
        positions: arg(rows.positions, junk),
        length: arg(1, notWhole(1, 2048)),
        rowKeys: arg(undefined, perhaps(junk)),
        dropout: arg(undefined, perhaps(notDropout)),
        attend: arg(() => (_: number, q: engine.Tensor) => q, notFunction),
        keep: arg(
          undefined,
          perhaps(
            fc.oneof(
              notObject,
              junk.map((kept) => ({ rows: kept })),
            ),
          ),
        ),
      },
      notObject,
    ),
  }),
  'Safetensors.open': entry(Safetensors.open, { path: arg(join(at('model'), 'model.safetensors'), notPath) }),
  'Safetensors.openIn': entry(Safetensors.openIn, {
    folder: arg(at('model'), notPath, ''),
    stem: arg('model', notPath, ''),
  }),
  'Safetensors#read': entry(
    (name: string, range?: engine.RowRange) => Safetensors.openIn(at('model'), 'model').read(name, range),
    { name: arg('model.norm.weight', fc.oneof(notText, fc.constant('nothing'))), rows: notRows(32) },
  ),
  'Safetensors#readBytes': entry(
    (name: string, range?: engine.RowRange) =>
      Safetensors.openIn(at('model'), 'model').readBytes(name, range),
    { name: arg('model.norm.weight', fc.oneof(notText, fc.constant('nothing'))), range: notRows(128) },
  ),
  readGguf: entry(engine.readGguf, { path: arg(gguf, notPath) }),
  writeGguf: entry(engine.writeGguf, {
    path: arg(at('x.gguf'), notPlace),
    metadata: arg(
      [{ key: 'metadata', type: 'u32', value: 1 }],
      fc.oneof(
        notIterable,
        except(() => false).map((entry) => [entry]),
        noneOf('u32').map((type) => [{ key: 'metadata', type, value: 1 }]),
        notWhole(0, 2 ** 32 - 1)
          .filter((value) => !Array.isArray(value) || value.length > 0)
          .map((value) => [{ key: 'metadata', type: 'u32', value }]),
      ),
    ),
    tensors: arg(
      [{ name: 'x', type: 'F32', shape: [1], values: () => new Float32Array(1) }],
      fc.oneof(
        notIterable,
        except(() => false).map((tensor) => [tensor]),
        noneOf('F32').map((type) => [
          { name: 'tensors', type, shape: [1], values: () => new Float32Array(1) },
        ]),
        except((v) => v instanceof Float32Array).map((values) => [
          { name: 'tensors', type: 'F32', shape: [1], values: () => values },
        ]),
      ),
    ),
  }),
  writeSafetensors: entry(engine.writeSafetensors, {
    path: arg(at('x.safetensors'), notPlace),
    tensors: arg(
      [{ name: 'x', dtype: 'F32', shape: [1], values: () => new Float32Array(1) }],
      fc.oneof(
        notIterable,
        except(() => false).map((tensor) => [tensor]),
        except((v) => v instanceof Float32Array).map((values) => [
          { name: 'tensors', dtype: 'F32', shape: [1], values: () => values },
        ]),
      ),
    ),
  }),
};
