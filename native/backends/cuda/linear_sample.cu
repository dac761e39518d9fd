// linear_sample: one token a row from softmax(h W^T / temperature) after top-k, top-p and min-p: the logits
// of all rows first, then a block a row. Weights are integers and their sums exact, so each filter keeps an
// exact prefix of the order (weight descending, id ascending) and the pick depends on nothing but the row's
// logits and its key.
#include <algorithm>
#include <bit>
#include <cmath>

#include "../../include/ops/linear_sample.h"
#include "head.cuh"
#include "philox.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int64_t kMaxRows = 128;
constexpr int kThreads = 1024, kWarps = kThreads / 32;
constexpr int kFew = 2048;                    // entries whose end of a prefix is looked for in shared memory
constexpr uint64_t kOne = uint64_t{1} << 32;  // the weight of the largest logit

// floor(2^32 exp2((logit - max) scale)), step by step as the CPU's `weights`.
__device__ __forceinline__ uint64_t weight_of(float logit, float max, float scale) {
  float t = (logit - max) * scale;
  t = t < -60.0f ? -60.0f : t;
  t = t > 0.0f ? 0.0f : t;
  int e = int(t);  // toward zero; below t (or equal) after the correction
  if (float(e) > t) e--;
  const float f = t - float(e);
  // (2^f - 1) / f on [0, 1], a minimax fit with error 1e-8; 2^0 is exactly 1.
  float p = fused(f, 2.08404803e-4f, 1.26865297e-3f);
  p = fused(p, f, 9.65268817e-3f);
  p = fused(p, f, 5.5495847e-2f);
  p = fused(p, f, 0.240227222f);
  p = fused(p, f, 0.693147182f);
  p = fused(p, f, 1.0f);
  const uint32_t bits = std::bit_cast<uint32_t>(p);
  const int shift = 1 - (e + (int(bits >> 23) - 127));  // p may round up to 2: one bit of room
  return (uint64_t((bits & 0x7fffff) | 0x800000) << 10) >> shift;
}

// A weight has at most 24 significant bits, so a float holds it exactly; its code is that float's bits,
// counted from 1 at weight 1: 32 bits in the order of weights.
constexpr uint32_t kCodeOfOne = 0x3f800000u;
constexpr uint32_t kTopCode = (32u << 23) + 1;  // of kOne
__device__ __forceinline__ uint32_t code_of(uint64_t weight) {
  return weight ? std::bit_cast<uint32_t>(float(weight)) - kCodeOfOne + 1 : 0;
}
__device__ __forceinline__ uint64_t weight_of(uint32_t code) {
  return code ? uint64_t(std::bit_cast<float>(code - 1 + kCodeOfOne)) : 0;
}

struct Tally {
  unsigned long long sum;
  int count;
};

struct Shared {
  Tally tallies[kWarps];
  uint32_t few[kFew];
  float tops[kWarps];
  int n_few, found;
  double lse;
  float max;
};

__device__ Tally block_tally(Tally t, Shared& shared) {
  t = {warp_sum(t.sum), warp_sum(t.count)};
  __syncthreads();
  if (threadIdx.x % 32 == 0) shared.tallies[threadIdx.x / 32] = t;
  __syncthreads();
  Tally all{0, 0};
  for (int w = 0; w < kWarps; w++) {
    all.sum += shared.tallies[w].sum;
    all.count += shared.tallies[w].count;
  }
  return all;
}

// The largest of a row's first `n` logits. Once a kernel.
__device__ float largest(const float* logits, int n, Shared& shared) {
  float top = -INFINITY;
  for (int i = int(threadIdx.x); i < n; i += kThreads) top = fmaxf(top, logits[i]);
  top = warp_max(top);
  if (threadIdx.x % 32 == 0) shared.tops[threadIdx.x / 32] = top;
  __syncthreads();
  for (int w = 0; w < kWarps; w++) top = fmaxf(top, shared.tops[w]);
  return top;
}

// Of the entries at least as heavy as `least`.
__device__ Tally tally(const uint32_t* codes, int n, uint32_t least, Shared& shared) {
  Tally t{0, 0};
  for (int i = int(threadIdx.x); i < n; i += kThreads) {
    const uint32_t code = codes[i];
    if (code < least) continue;
    t.sum += weight_of(code);
    t.count++;
  }
  return block_tally(t, shared);
}

// The first id whose running sum of value(id) exceeds `target`; there is one.
template <class Value>
__device__ int first_over(int n, unsigned long long target, Shared& shared, Value&& value) {
  using Sum = unsigned long long;
  const int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
  const int share = (n + 32 * kWarps - 1) / (32 * kWarps) * 32;
  const int begin = min(n, warp * share), end = min(n, begin + share);
  Sum own = 0;
  for (int id = begin + lane; id < end; id += 32) own += value(id);
  own = warp_sum(own);
  __syncthreads();
  if (lane == 0) shared.tallies[warp].sum = own;
  __syncthreads();
  Sum before = 0;
  for (int w = 0; w < warp; w++) before += shared.tallies[w].sum;
  if (before <= target && target < before + own) {  // one warp
    for (int first = begin; first < end; first += 32) {
      Sum upto = first + lane < end ? value(first + lane) : 0;
#pragma unroll
      for (int offset = 1; offset < 32; offset *= 2) {
        const Sum left = __shfl_up_sync(kAllLanes, upto, offset);
        if (lane >= offset) upto += left;
      }
      const unsigned over = __ballot_sync(kAllLanes, before + upto > target);
      if (over) {
        if (lane == 0) shared.found = first + __ffs(int(over)) - 1;
        break;
      }
      before += __shfl_sync(kAllLanes, upto, 31);
    }
  }
  __syncthreads();
  return shared.found;
}

// An entry of the order, and the weight of the prefix that it ends.
struct Prefix {
  uint32_t code;
  int id;
  unsigned long long total;
};

// The shortest prefix that holds `count` entries or a weight of `sum`; all entries do. Bisects for the code
// at which the prefix ends, in shared memory once few entries are in question.
__device__ Prefix shortest_prefix(const uint32_t* codes, int n, int count, unsigned long long sum,
                                  Shared& shared) {
  uint32_t low = 0, high = kTopCode + 1;  // entries from `low` on are enough, those from `high` on are not
  int at_low = n;
  Tally at_high{0, 0}, outside{0, 0};  // outside: heavier than those in shared memory
  bool few = false;
  while (high - low > 1) {
    if (!few && at_low - at_high.count <= kFew) {
      few = true;
      outside = at_high;
      __syncthreads();
      if (threadIdx.x == 0) shared.n_few = 0;
      __syncthreads();
      for (int i = int(threadIdx.x); i < n; i += kThreads)
        if (codes[i] - low < high - low) shared.few[atomicAdd(&shared.n_few, 1)] = codes[i];
      __syncthreads();
    }
    const uint32_t middle = low + (high - low) / 2;
    Tally t = few ? tally(shared.few, shared.n_few, middle, shared) : tally(codes, n, middle, shared);
    t.sum += outside.sum;
    t.count += outside.count;
    if (t.count >= count || t.sum >= sum) {
      low = middle;
      at_low = t.count;
    } else {
      high = middle;
      at_high = t;
    }
  }
  // Entries of one weight are in the order of their ids.
  const uint64_t weight = weight_of(low);
  int more = min(at_low - at_high.count, count - at_high.count);
  if (weight) more = int(min((unsigned long long)more, (sum - at_high.sum - 1) / weight + 1));
  more = max(more, 1);
  const int id = first_over(n, more - 1, shared, [&](int i) { return codes[i] == low ? 1ull : 0ull; });
  return {low, id, at_high.sum + more * weight};
}

struct Filter {
  float scale;  // of the logits, 0: argmax
  double top_p;
  unsigned long long least;  // weight min_p keeps
  int top_k;
};

struct Sampling {
  const float* logits;  // [rows, vocabulary]
  uint32_t* codes;      // [rows, vocabulary]
  const StripPart* parts;
  int vocabulary, drawn, strips;  // drawn: ids that can be
  Filter filter;
  uint32_t seed_low, seed_high;
  const int32_t* keys;
  int32_t* tokens;
  float *logp, *sampling_logp;
};

struct Pick {
  int token;
  float logp;  // under the kept weights
};

// From a row's first `n` logits, of which `max` is the largest.
__device__ Pick pick(const float* logits, uint32_t* codes, int n, float max, const Filter& filter, uint64_t u,
                     Shared& shared) {
  Tally all{0, 0};
  for (int i = int(threadIdx.x); i < n; i += kThreads) {
    const uint64_t weight = weight_of(logits[i], max, filter.scale);
    codes[i] = code_of(weight);
    all.sum += weight;
  }
  all = block_tally(all, shared);  // its barriers publish the codes
  const int k = filter.top_k && filter.top_k < n ? filter.top_k : n;
  Prefix last{0, n - 1, all.sum};
  if (k < n) last = shortest_prefix(codes, n, k, ~0ull, shared);
  if (filter.top_p < 1)
    last =
        shortest_prefix(codes, n, k, (unsigned long long)(ceil(filter.top_p * double(last.total))), shared);

  // Kept: heavier than `last`, or as heavy and not after it, and at least min_p of the largest weight.
  auto kept = [&](int id) -> unsigned long long {
    const uint32_t code = codes[id];
    const uint64_t weight = weight_of(code);
    return weight >= filter.least && (id <= last.id ? code >= last.code : code > last.code) ? weight : 0;
  };
  unsigned long long total = last.total;
  if (filter.least > weight_of(last.code)) {
    Tally t{0, 0};
    for (int i = int(threadIdx.x); i < n; i += kThreads) t.sum += kept(i);
    total = block_tally(t, shared).sum;
  }
  const int token = first_over(n, __umul64hi(u, total), shared, kept);
  return {token, float(log(double(weight_of(codes[token])) / double(total)))};
}

__global__ __launch_bounds__(kThreads, 1) void sample_rows(Sampling s) {
  SHARED(Shared, memory, 1);
  Shared& shared = memory[0];
  const int row = int(blockIdx.x);
  const float* logits = s.logits + int64_t(row) * s.vocabulary;
  if (threadIdx.x < 32) {
    float max;
    const double lse = merge_strips(s.parts + int64_t(row) * s.strips, s.strips, &max);
    if (threadIdx.x == 0) {
      shared.lse = lse;
      shared.max = max;
    }
  }
  __syncthreads();
  const double lse = shared.lse;
  const float max = s.drawn < s.vocabulary ? largest(logits, s.drawn, shared) : shared.max;
  // No NaN, some logit finite, and one of those that can be drawn.
  const bool sound = fabs(lse) < double(INFINITY) && max > -INFINITY;
  Pick picked{-1, NAN};
  if (sound && s.filter.scale == 0) {
    picked = {first_over(s.drawn, 0, shared, [&](int i) { return logits[i] == max ? 1ull : 0ull; }), 0};
  } else if (sound) {
    const uint4 words =
        philox4x32(s.seed_low, s.seed_high, {uint32_t(s.keys[2 * row]), uint32_t(s.keys[2 * row + 1]), 0, 0});
    picked = pick(logits, s.codes + int64_t(row) * s.vocabulary, s.drawn, max, s.filter,
                  uint64_t(words.y) << 32 | words.x, shared);
  }
  if (threadIdx.x == 0) {
    s.tokens[row] = picked.token;
    s.logp[row] = picked.token < 0 ? NAN : log_probability(logits[picked.token], lse);
    s.sampling_logp[row] = picked.logp;
  }
}

struct Plan {
  Carver s;
  int64_t rows, depth, vocabulary, strips;
  float* logits;
  uint32_t* codes;
  StripPart* parts;
  Plan(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_sample::H, 0)),
        depth(dim(call, ops::linear_sample::H, 1)),
        vocabulary(dim(call, ops::linear_sample::W, 0)),
        strips(strip_count(vocabulary)) {
    logits = s.take<float>(rows * vocabulary);
    codes = s.take<uint32_t>(call.numbers[ops::linear_sample::TEMPERATURE] != 0 ? rows * vocabulary : 0);
    parts = s.take<StripPart>(rows * strips);
  }
};

template <class T>
int32_t logits_of(const sj_call& call, const Plan& plan, Context& context, sj_error* error) {
  using namespace ops::linear_sample;
  return head_logits(context, gemm::Operand<T>{data<const T>(call, H), plan.depth, int(plan.rows)},
                     gemm::Operand<T>{data<const T>(call, W), plan.depth, int(plan.vocabulary)}, plan.depth,
                     {plan.parts, plan.logits, nullptr, 0, nullptr}, error);
}

}  // namespace

size_t workspace_linear_sample(const sj_call& call) { return Plan(call, nullptr).s.bytes(); }

int32_t run_linear_sample(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::linear_sample;
  const Plan plan(call, call.workspace);
  if (plan.rows > kMaxRows)
    return fail(error, SJ_INVALID, "[linear_sample] h: expected at most %lld rows, received %lld",
                (long long)kMaxRows, (long long)plan.rows);
  if (plan.rows == 0) return SJ_OK;
  if (const int32_t code = with_float_type(
          call, H, [&](auto type) { return logits_of<decltype(type)>(call, plan, context, error); }))
    return code;
  const double* n = call.numbers;
  const double scale = n[TEMPERATURE] == 0 ? 0 : std::min(1.4426950408889634 / n[TEMPERATURE], 3e38);
  const Filter filter{float(scale), n[TOP_P], (unsigned long long)std::ceil(n[MIN_P] * double(kOne)),
                      int(n[TOP_K])};
  const Sampling sampling{
      plan.logits,
      plan.codes,
      plan.parts,
      int(plan.vocabulary),
      n[VOCAB_SIZE] == 0 ? int(plan.vocabulary) : int(std::min(n[VOCAB_SIZE], double(plan.vocabulary))),
      int(plan.strips),
      filter,
      uint32_t(n[SEED_LO]),
      uint32_t(n[SEED_HI]),
      data<const int32_t>(call, KEYS),
      data<int32_t>(call, TOKENS),
      data<float>(call, LOGP),
      data<float>(call, SAMPLING_LOGP)};
  return context.launch(sample_rows, dim3(unsigned(plan.rows)), dim3(kThreads), 0, error, sampling);
}

}  // namespace selfjudge::cuda
