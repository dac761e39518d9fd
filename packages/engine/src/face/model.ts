// What the exported functions take. The package's own code and its sisters call them unchecked (internal.ts).
import {
  anything,
  callback,
  checked,
  checkedAsync,
  instance,
  iterable,
  list,
  object,
  oneOf,
  optional,
  options,
  path,
  text,
  whole,
} from '@selfjudge/base/checks';
import { dropoutKey, model, view } from '../checks.js';
import { isAdapter } from '../model/adapter.js';
import * as gguf from '../model/files/gguf.js';
import * as ggufValues from '../model/files/ggufValues.js';
import * as ggufWriting from '../model/files/writeGguf.js';
import { DTYPE_BYTES } from '../model/files/safetensors.js';
import * as safetensors from '../model/files/writeSafetensors.js';
import * as forward from '../model/forward.js';
import { loadFields } from '../model/model.js';
import * as loading from '../model/loadModelWithAdapter.js';
import * as merging from '../model/merge.js';
import * as paths from '../model/paths.js';
import { Tensor } from '../tensor/tensor.js';

const tensor = instance(Tensor);
export const forwardRows = checked(
  'forwardRows',
  {
    view,
    rows: object({
      tokens: tensor,
      positions: tensor,
      length: whole(1),
      rowKeys: optional(tensor),
      dropout: optional(dropoutKey),
      attend: callback,
      keep: optional(object({ rows: tensor, rowKeys: optional(tensor) })),
    }),
  },
  forward.forwardRows,
);
export const findModel = checked('findModel', { path }, paths.findModel);
export const readGguf = checked('readGguf', { path }, gguf.readGguf);
export const loadModelWithAdapter = checkedAsync(
  'loadModelWithAdapter',
  { path, options: optional(options({ ...loadFields, adapter: optional(path) })) },
  loading.loadModelWithAdapter,
);
export const mergeAdapters = checkedAsync(
  'mergeAdapters',
  { model, adapters: list(isAdapter) },
  merging.mergeAdapters,
);

const tensorToWrite = object({
  name: text,
  dtype: oneOf(...Object.keys(DTYPE_BYTES)),
  shape: list(whole(0)),
  values: callback,
});
export const writeSafetensors = checkedAsync(
  'writeSafetensors',
  { path, tensors: iterable },
  async (path: string, tensors: Iterable<safetensors.TensorToWrite>) => {
    const all = [...tensors]; // which may be read once
    list(tensorToWrite)(all, 'tensors', 'writeSafetensors');
    await safetensors.writeSafetensors(path, all);
  },
);

// What a value must be follows from its type, and is checked where it is written.
const ggufEntry = object({ key: text, type: oneOf(...ggufValues.ENTRY_TYPES), value: anything });
const ggufTensor = object({
  name: text,
  type: oneOf('F32', 'F16', 'BF16', 'Q8_0', 'Q4_0'),
  shape: list(whole(1)),
  values: callback,
});
export const writeGguf = checkedAsync(
  'writeGguf',
  { path, metadata: iterable, tensors: iterable },
  async (
    path: string,
    metadata: Iterable<ggufValues.GgufEntry>,
    tensors: Iterable<ggufWriting.GgufTensorToWrite>,
  ) => {
    const [entries, all] = [[...metadata], [...tensors]];
    list(ggufEntry)(entries, 'metadata', 'writeGguf');
    list(ggufTensor)(all, 'tensors', 'writeGguf');
    return ggufWriting.writeGguf(path, entries, all);
  },
);
