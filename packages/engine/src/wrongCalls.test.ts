import { afterAll } from 'vitest';
import * as engine from './index.js';
import { modelEntries, removeFiles } from './testing/entries/models.js';
import { opEntries } from './testing/entries/ops.js';
import { tensorEntries } from './testing/entries/tensors.js';
import { generationEntries } from './testing/entries/generation.js';
import { closeDevices } from './testing/entries/values.js';
import { describeWrongCalls } from '@selfjudge/testing/wrongCalls';

afterAll(() => {
  removeFiles();
  closeDevices();
});

describeWrongCalls({
  exports: engine,
  table: { ...opEntries, ...tensorEntries, ...modelEntries, ...generationEntries },
  rows: new URL('./testing/entries/', import.meta.url),
  without: {
    'takes no argument': [
      'Adapter#dispose Adapter#freeze Adapter#makeTrainable Adapter#read',
      'Device#close Device#counters Device#memory Device#recover Device#resetPeak Device#sync',
      'Model#clone Model#dispose Model#makeTrainable Model#parameters',
      'ParameterSet#afterUpdate ParameterSet#read ParameterSet#zeroGrad',
      'RewardModel#dispose ScoreHead#dispose ScoreHead#freeze ScoreHead#makeTrainable ScoreHead#read',
      'Program#dispose Program#run Tape#dispose DeviceTree#dispose Vector#dispose Weight#dispose Weight#rows',
      'Tensor#dispose Tensor#read Tensor#retain',
      'new RowCounter new Tape',
    ].flatMap((names) => names.split(/(?<!new) /)),
    'the constructor is private': [
      'Adapter',
      'Device',
      'Model',
      'Program',
      'Safetensors',
      'ScoreHead',
      'Tensor',
      'TreeBatch',
      'DeviceTree',
      'Weight',
    ].map((name) => `new ${name}`),
    'for the packages above alone, which have checked what they hand on': [
      'backwardFlops',
      'forwardFlops',
      'keyFlops',
      'samplingFlops',
      'samplingShape',
      'treeShape',
    ],
    'for the ranks folder alone, which counts the GPUs there are': ['Device.chooseGpu'],
    'for the model folder alone, which calls it with what it read': ['Adapter.of', 'Model.fromSource'],
    'for RewardModel alone, which hands it the rows of its own view': ['ScoreHead#scores'],
    'for the tensor folder alone': [
      'Device#assertOpen',
      'Tape#alias',
      'Tape#record',
      'Tape#tracks',
      'Tensor#alias',
      'Tensor#donate',
      'Tensor#handle',
      'Tensor.adopt',
      'DeviceTree#handle',
      'DeviceTree#hold',
    ],
  },
  atLeast: 2000,
});
