// The faults that scripts/mutateCuda.mjs puts into the CUDA backend: families of files, the tests that must notice, and rules.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

// Test files of packages/engine/src/tensor.
const CASES = 'cases.path.test.ts';
const WINDOWS = 'attentionWindows.path.test.ts';
const SAME_SAMPLES = 'sameSamples.cuda.test.ts';

const WINDOW_RULES = [
  ['window lost', /\ba\.window\b/g, 'INT32_MAX'],
  ['edge of the window hidden', /\b(key|r) < (seen(?:\(0\))?\.first)/g, '$1 <= $2'],
  ['edge of the window hidden', / >= (seen(?:\[h\])?\.first|low\b)/g, ' > $1'],
];
// In the host's code.
const WINDOW_OF_THE_CALL = ['window lost', /(?:ops::)?most_seen\(call\.numbers\[WINDOW\]\)/g, 'INT32_MAX'];

// Files; which tests of which test files must notice; rules beyond those for all, of device code and of the host's code.
export const FAMILIES = {
  gemm: {
    files: /^(gemm\/(mma|fma|tile|output)\.cuh|low_rank\.cuh|linear(_group)?\.cu|linear_adapters\.cuh)$/,
    tests: 'linear(Group)?: ',
    in: [CASES],
    rules: [
      ['activation lost', /swiglu\(activation, /g, 'swiglu(ops::SILU, '],
      ['gate of the neighbour', /row\[f\.column\(j\)\]/g, 'row[f.column(j ^ 1)]'],
      ['rounding lost', /to_float\(from_float<T>\((f\.at\(i, j\))\)\)/g, '$1'],
    ],
    hostRules: [['activation lost', /word\(call, ACTIVATION\)/g, 'ops::SILU']],
  },
  head: {
    files: /^(head.*\.cuh|linear_logprob\.cu|linear_sample\.cu|head\.cu)$/,
    tests: 'linearLogprob|linearSample|sample the same',
    in: [CASES, SAME_SAMPLES],
  },
  rows: {
    files: /^(rms_norm|rope|rows|rotate|embedding|feed_tokens|global_norm)\.cuh?$/,
    tests: 'rmsNorm|rope|Rows|embedding|feedTokens|globalNorm',
    in: [CASES],
    rules: [
      ['rotated whole', /half = rotated \/ 2/g, 'half = depth / 2'],
      ['angles by the head', /position \* rotated/g, 'position * depth'],
      ['offset lost', /\(\w\.offset \+ (to_float\(w\.at\[j\]\))\)/g, '$1'],
      ['offset taken away', /\((to_float\(w\.at\[j\]\)|\w\.offset) \+ (?=to_float)/g, '(-$1 + '],
    ],
    hostRules: [['offset lost', /offset_of\(call\.numbers\[OFFSET\]\)/g, '-0.0f']],
  },
  elementwise: {
    files: /^(each|cast|swiglu)\.cuh$|^(elementwise|swiglu|adamw)\.cu$/,
    tests: '^cases on \\w+ (add|scale|fill|cast|swiglu|adamw)|against swiglu',
    in: [CASES],
    rules: [
      ['operand not moved', /load_pack<N>\((\w+) \+ i\)/g, 'load_pack<N>($1)'],
      ['value of the neighbour', /\b(\w+)\.at\[j\](?=\)| \*|;)/g, '$1.at[(j + 1) % N]'],
      ['activation swapped', /(GeluTanh)(::inner\(gate\)) : (Silu)\2/g, '$3$2 : $1$2'],
      ['bound lost', /if \(fabsf\(g\) > 16\.0f\).*;/g, ';'],
      ['bound without a sign', /copysignf\(16\.0f, g\)/g, '16.0f'],
      ['cube lost', /fused\(g \* g, cubic, (1\.5957691216f)\)/g, '$1'],
      ['slope of the cube lost', /odd\(g, 3 \* /g, 'odd(g, '],
      ['first value skipped', /int j = 0; j < N;/g, 'int j = 1; j < N;'],
      ['last value skipped', / < n; j\+\+/g, ' < n - 1; j++'],
      ['sign turned', / - (?=\w)/g, ' + '],
      ['sign turned', / \+ (?=(?:to_float|eps|e\b|one_minus))/g, ' - '],
      ['factor lost', / \* (?!256|N\b)\w+(?:\.\w+)*(?=[;) ])/g, ''],
      [
        'result truncated',
        /from_float<(\w+)>\((.*)\);/g,
        'from_float<$1>(sizeof($1) == 4 ? float($2) : __builtin_bit_cast(float, __builtin_bit_cast(unsigned, float($2)) & ~0xffffu));',
      ],
    ],
    hostRules: [['activation lost', /word\(call, ACTIVATION\)/g, 'ops::SILU']],
  },
  pool: {
    files: /^(attention_pool\.cuh|tree_attention_pool\.cu|kv_pool\.cu)$/,
    tests: 'treeAttentionPool|kvWrite|kvCopy',
    in: [CASES],
    rules: [
      ...WINDOW_RULES,
      ['rotated whole', /half = a\.rotated \/ 2/g, 'half = a.width / 2'],
      ['rest lost', /a\.key_heads\} \* rest;/g, 'a.key_heads} * 0;'],
      ['rest from the start', /a\.rotated \+ at % rest/g, 'at % rest'],
      ['angles by the head', /\(good \? at : 0\) \* rotated/g, '(good ? at : 0) * width'],
    ],
    hostRules: [
      WINDOW_OF_THE_CALL,
      ['loads too wide', /rotated \/ 2 % N == 0 && /g, ''],
      ['loads too wide', / && width % N == 0/g, ''],
    ],
  },
  // Last, as its tests take longest.
  attention: {
    files:
      /^(attention_(mma|forward|simt|backward|backward_simt|softmax)\.cuh|attention_plan\.h|tree_attention(_backward)?\.cu)$/,
    tests: 'treeAttention|kvWrite|^windows of attention',
    in: [CASES, WINDOWS],
    rules: [
      ...WINDOW_RULES,
      ['window a key longer', /position - window \+ 1/g, 'position - window'],
      ['window a key shorter', /position - window \+ 1/g, 'position - window + 2'],
      ['window before the path', /first < 0 \? 0 : first/g, 'first'],
      ['edge of the window seen', /\b(keys\.first <= )0/g, '$11'],
      ['cut forgotten', / && !now\.cut/g, ''],
    ],
    hostRules: [
      WINDOW_OF_THE_CALL,
      ['first chunk late', /first_key\((depth\(v\)), window\) \//g, '(first_key($1, window) + 1) /'],
      ['reach a row shorter', /all_see \+ count - 1/g, 'all_see + count - 2'],
      ['cut a row late', /row_depth \+ rows > all_see/g, 'row_depth + rows > all_see + 1'],
      ['cut forgotten', /\(runs\.back\(\)\.end < run\.begin\)/g, '0'],
    ],
  },
};

// [kind, pattern, replacement]: every match of a pattern in device code is one fault.
const RULES = [
  ['barrier removed', /__syncthreads\(\);/g, ';'],
  ['warp barrier removed', /__syncwarp\(\);/g, ';'],
  ['wait removed', /cp_async_wait<\d>\(\);/g, ';'],
  ['fragment shifted', /\b(b|bf|bv|bk)\[(\d)\]\[0\], \1\[\2\]\[1\]/g, '$1[$2][1], $1[$2][0]'],
  ['fragment shifted', /\bb\[0\], b\[1\]/g, 'b[1], b[0]'],
  ['lane row shifted', /lane % 16/g, '(lane + 1) % 16'],
  ['lane piece shifted', /lane \/ 16\b/g, '(lane / 16 ^ 1)'],
  ['quad shifted', /lane % 4\b/g, '(lane + 1) % 4'],
  [
    'tail mask widened',
    / < ((?:\w+\.)*(?:n|rows|columns|width|depth|count|keys|length|limit|q_len|kv_len))\b/g,
    ' <= $1',
  ],
  ['sum loses a term', / \+= /g, ' = '],
  ['shuffle over half', /__shfl_xor_sync\((\w+), (\w+), 2\)/g, '__shfl_xor_sync($1, $2, 1)'],
];

/** Kernels and device functions: from a __global__ or __device__ line to the closing brace in column 0. */
function deviceRanges(text) {
  const ranges = [];
  for (const match of text.matchAll(/^(?:template[^\n]*\n)?[^\n]*(?:__global__|__device__)[\s\S]*?^\}/gm)) {
    ranges.push([match.index, match.index + match[0].length]);
  }
  return ranges;
}

/** The faults of one file: `mutated` is its text with the fault. */
function* faultsOf(text, rules, inDevice) {
  const ranges = deviceRanges(text);
  for (const [kind, pattern, replacement] of rules) {
    for (const match of text.matchAll(pattern)) {
      if (ranges.some(([from, to]) => match.index >= from && match.index < to) !== inDevice) continue;
      const line = text.slice(0, match.index).split('\n').length;
      const code = text.split('\n')[line - 1].trim();
      if (kind === 'sum loses a term' && code.includes('for (')) continue; // would never end
      const here = new RegExp(pattern.source, 'y');
      here.lastIndex = match.index;
      yield { kind, line, code, mutated: text.replace(here, replacement) };
    }
  }
}

/** Every fault: `{ family, file, kind, line, code, mutated }`, the file's path from `folder`, the CUDA backend's. */
export function* faults(folder) {
  for (const [family, { files, rules = [], hostRules = [] }] of Object.entries(FAMILIES)) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      files.test(name),
    );
    for (const file of names.sort()) {
      const text = readFileSync(join(folder, file), 'utf8');
      for (const fault of faultsOf(text, [...RULES, ...rules], true)) yield { family, file, ...fault };
      for (const fault of faultsOf(text, hostRules, false)) yield { family, file, ...fault };
    }
  }
}
