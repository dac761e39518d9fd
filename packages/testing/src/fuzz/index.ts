export { mutateBytes } from './bytes.js';
export { fuzz, type FuzzCase, type FuzzSummary, type FuzzTarget, type FuzzTargetIn } from './fuzz.js';
export { mutateJson, mutateValue } from './json.js';
export { mutateText } from './text.js';
export { FuzzFolder } from './folder.js';
export { float32Tensors, mutateSafetensors, safetensorsFile } from './safetensors.js';
