import { afterAll } from 'vitest';
import * as core from './index.js';
import { modelEntries, removeFiles } from './testing/entries/models.js';
import { opEntries } from './testing/entries/ops.js';
import { tensorEntries } from './testing/entries/tensors.js';
import { textEntries } from './testing/entries/texts.js';
import { closeDevices } from './testing/entries/values.js';
import { describeWrongCalls } from './testing/wrongCalls.js';

afterAll(() => {
  removeFiles();
  closeDevices();
});

const errors = [
  'Argument',
  'Config',
  'Data',
  'Disposed',
  'Fault',
  'FileFormat',
  'FileSystem',
  'Foreign',
  'OutOfMemory',
];

describeWrongCalls({
  exports: core,
  table: { ...opEntries, ...tensorEntries, ...modelEntries, ...textEntries },
  without: {
    'takes no argument': [
      'Adapter#dispose Adapter#freeze Adapter#makeTrainable Adapter#read',
      'Device#close Device#counters Device#memory Device#recover Device#resetPeak Device#sync',
      'LlamaModel#clone LlamaModel#dispose LlamaModel#makeTrainable LlamaModel#parameters',
      'ParameterSet#afterUpdate ParameterSet#read ParameterSet#zeroGrad',
      'Program#dispose Program#run Tape#dispose TreePlan#dispose Vector#dispose Weight#dispose Weight#rows',
      'Random#normal Random#uint32 Random#uniform Tensor#dispose Tensor#read Tensor#retain',
      'new RowCounter new Tape',
    ].flatMap((names) => names.split(/(?<!new) /)),
    'the constructor is private': [
      'Adapter',
      'Device',
      'LlamaModel',
      'Program',
      'Safetensors',
      'Tensor',
      'TreeBatch',
      'TreePlan',
      'Weight',
    ].map((name) => `new ${name}`),
    'makes an error: one in its place would hide it': [
      'new SelfjudgeError',
      ...errors.map((name) => `new ${name}Error`),
    ],
    'takes any value': ['isError', 'isMessage', 'fileSystemError', 'show'],
    'for the packages above alone, which have checked what they hand on': [
      ...['close', 'commit', 'discard', 'guarded', 'write'].map((method) => `PendingFile#${method}`),
      'new PendingFile',
      'atomicWriteSync',
      'makeFolder',
      'readJson',
      'readJsonObject',
      'shellWord',
      'syncPath',
      'backwardFlops',
      'forwardFlops',
      'keyFlops',
      'samplingFlops',
      'samplingShape',
      'treeShape',
    ],
    'for the tensor folder alone': [
      'Device#assertOpen',
      'Tape#alias',
      'Tape#record',
      'Tape#tracks',
      'Tensor#alias',
      'Tensor#donate',
      'Tensor#handle',
      'Tensor.adopt',
      'TreePlan#handle',
      'TreePlan#hold',
    ],
  },
  atLeast: 2000,
});
