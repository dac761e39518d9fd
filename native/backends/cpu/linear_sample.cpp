// linear_sample: one token a row from softmax(h W^T / temperature) after top-k, top-p and min-p. Weights are
// integers and their sums exact, so each filter keeps an exact prefix of the order (weight descending, id
// ascending) and the pick depends on nothing but the row's logits and its key.
#include <algorithm>
#include <limits>

#include "../../core/philox.h"
#include "../../include/ops/linear_sample.h"
#include "../arguments.h"
#include "../fail.h"
#include "gemm/gemm.h"
#include "head.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kMaxRows = 128;
constexpr uint64_t kOne = uint64_t{1} << 32;  // the weight of the largest logit
using u128 = unsigned __int128;

// Entries of one row: weights with their ids, ids ascending.
struct Entries {
  uint64_t* weights;
  int32_t* ids;
  Entries(int64_t most, Carver& s) : weights(s.take<uint64_t>(most)), ids(s.take<int32_t>(most)) {}
};

// One worker's memory for one row.
struct Row {
  int64_t vocabulary;  // ids that can be drawn
  Entries all;         // [n]: those that may be drawn
  Entries live;        // those still in question while the end of a prefix is looked for
  int64_t n = 0;
  uint64_t total = 0;  // of all that can be drawn
  Row(int64_t size, Carver& s) : vocabulary(size), all(size + kSpare, s), live(size, s) {}
  static constexpr int64_t kSpare = 8;  // Kernels::keep
};

struct Tally {
  uint64_t sum;
  int64_t count;
};

Tally tally(const uint64_t* weights, int64_t n, uint64_t least) {
  Tally t;
  kernels().tally(weights, n, least, &t.sum, &t.count);
  return t;
}

// The row's entries of at least `least`, and the sum of all weights.
void weigh(Row& row, const float* logits, float max, float scale, uint64_t least) {
  constexpr int64_t kStep = 64;
  alignas(64) uint64_t step[kStep];
  row.n = 0;
  row.total = 0;
  for (int64_t i = 0; i < row.vocabulary; i += kStep) {
    const int64_t count = std::min(kStep, row.vocabulary - i);
    kernels().weights(logits + i, kStep, max, scale, step);
    row.total += tally(step, count, 0).sum;
    row.n += kernels().keep(step, count, least, int32_t(i), row.all.weights + row.n, row.all.ids + row.n);
  }
}

// Keeps the n entries whose weights are in [low, high) as the row's live ones; returns how many.
int64_t compact(const Row& row, const uint64_t* weights, const int32_t* ids, int64_t n, uint64_t low,
                uint64_t high) {
  int64_t kept = 0;
  for (int64_t i = 0; i < n; i++) {  // without branches; entries are never written ahead of being read
    const uint64_t weight = weights[i];
    row.live.weights[kept] = weight;
    row.live.ids[kept] = ids[i];
    kept += weight - low < high - low;
  }
  return kept;
}

// An entry of the order, and the weight of the prefix that it ends.
struct Prefix {
  uint64_t weight;
  int32_t id;
  uint64_t total;
};

// The shortest prefix that holds `count` entries or a weight of `sum`; all of the row's do. Bisects for the
// weight at which the prefix ends until few entries are in question, then orders those.
Prefix shortest_prefix(const Row& row, int64_t count, uint64_t sum) {
  auto enough = [&](const Tally& t) { return t.count >= count || t.sum >= sum; };
  constexpr int64_t kFew = 32;
  const uint64_t* weights = row.all.weights;
  const int32_t* ids = row.all.ids;
  int64_t n = row.n, at_low = n;      // entries from `low` on
  uint64_t low = 0, high = kOne + 1;  // entries from `low` on are enough, those from `high` on are not
  Tally at_high{0, 0};
  while (at_low - at_high.count > kFew && high - low > 1) {
    // Weights span octaves: halve the exponent's range first.
    const uint64_t middle =
        high / 4 > low ? uint64_t(std::sqrt(double(low + 1) * double(high))) : low + (high - low) / 2;
    const Tally t = tally(weights, n, middle);
    if (!enough(t)) {
      high = middle;
      at_high = t;
      continue;
    }
    low = middle;
    at_low = t.count;
    if (at_low > n / 4) continue;
    n = compact(row, weights, ids, n, low, UINT64_MAX);
    weights = row.live.weights;
    ids = row.live.ids;
  }
  n = compact(row, weights, ids, n, low, high);
  if (high - low > 1)  // else equal weights, in the order of their ids already
    for (int64_t i = 1; i < n; i++) {
      const uint64_t weight = row.live.weights[i];
      const int32_t id = row.live.ids[i];
      int64_t to = i;
      for (; to > 0 && row.live.weights[to - 1] < weight; to--) {
        row.live.weights[to] = row.live.weights[to - 1];
        row.live.ids[to] = row.live.ids[to - 1];
      }
      row.live.weights[to] = weight;
      row.live.ids[to] = id;
    }
  for (int64_t i = 0;; i++) {
    at_high.sum += row.live.weights[i];
    at_high.count++;
    if (enough(at_high) || i + 1 == n) return {row.live.weights[i], row.live.ids[i], at_high.sum};
  }
}

struct Filter {
  double temperature, top_p, min_p;
  int64_t top_k;

  // min_p of the largest weight.
  uint64_t least() const { return uint64_t(std::ceil(min_p * double(kOne))); }
};

struct Pick {
  int32_t token;
  float logp;  // under the kept weights
};

// What is lighter than this is not drawn whatever the row's other weights are; 0 where that is not known.
uint64_t lightest(const Filter& filter, int64_t vocabulary, int64_t k) {
  if (k < vocabulary) return 0;
  if (filter.top_p == 1) return filter.least();
  // Left out of all but 1 - top_p of the total, which is at least kOne: even if all the vocabulary is as
  // heavy. A hundredth less, so that no rounding decides.
  return uint64_t(0.99 * (1 - filter.top_p) * double(kOne) / double(vocabulary));
}

Pick pick(Row& row, const float* logits, float max, const Filter& filter, uint64_t u) {
  const double scale = std::min(1.4426950408889634 / filter.temperature, 3e38);
  const int64_t k = filter.top_k && filter.top_k < row.vocabulary ? filter.top_k : row.vocabulary;
  weigh(row, logits, max, float(scale), lightest(filter, row.vocabulary, k));
  Prefix last{0, int32_t(row.vocabulary - 1), row.total};
  if (k < row.vocabulary) last = shortest_prefix(row, k, UINT64_MAX);
  if (filter.top_p < 1)
    last = shortest_prefix(row, k, uint64_t(std::ceil(filter.top_p * double(last.total))));

  // Kept: heavier than `last`, or as heavy and not after it, and at least min_p of the largest weight, which
  // is 2^32 by construction. Of ids up to last.id that is one bound, of the others another.
  const uint64_t least = filter.least();
  const uint64_t* weights = row.all.weights;
  const int64_t split = std::upper_bound(row.all.ids, row.all.ids + row.n, last.id) - row.all.ids;
  auto bound = [&](int64_t at) { return std::max(least, last.weight + (at < split ? 0 : 1)); };
  auto sum_of = [&](int64_t from, int64_t to) {
    const int64_t middle = std::clamp(split, from, to);
    return tally(weights + from, middle - from, bound(0)).sum +
           tally(weights + middle, to - middle, bound(split)).sum;
  };
  const uint64_t total = least > last.weight ? sum_of(0, row.n) : last.total;
  const uint64_t target = uint64_t((u128(u) * total) >> 64);
  uint64_t sum = 0;
  int64_t at = 0;
  constexpr int64_t kStep = 1024;
  for (; at + kStep < row.n; at += kStep) {
    const uint64_t step = sum_of(at, at + kStep);
    if (sum + step > target) break;
    sum += step;
  }
  for (;; at++) {
    if (weights[at] >= bound(at)) sum += weights[at];
    if (sum > target) return {row.all.ids[at], float(std::log(double(weights[at]) / double(total)))};
  }
}

// The largest of a row's first `n` logits of all in `vocabulary`, given the largest of each strip, which is
// the lowest number where all of a strip are -inf.
float largest(const float* logits, const StripPart* parts, int64_t n, int64_t vocabulary) {
  float max = -INFINITY;
  const int64_t whole = n == vocabulary ? strip_count(n) : n / kStrip;
  for (int64_t s = 0; s < whole; s++) max = std::max(max, parts[s].max);
  for (int64_t i = whole * kStrip; i < n; i++) max = std::max(max, logits[i]);
  const bool known = n == vocabulary || max > std::numeric_limits<float>::lowest();
  return known ? max : *std::max_element(logits, logits + n);
}

struct Plan {
  Carver s;
  int64_t rows, depth, vocabulary, drawn, strips, stride, per_worker;  // drawn: ids that can be
  float *logits, *scratch;
  char* workers;
  Plan(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_sample::H, 0)),
        depth(dim(call, ops::linear_sample::H, 1)),
        vocabulary(dim(call, ops::linear_sample::W, 0)),
        drawn(vocabulary),
        strips(strip_count(vocabulary)),
        stride(padded_width(vocabulary)) {
    if (const auto n = int64_t(call.numbers[ops::linear_sample::VOCAB_SIZE])) drawn = std::min(n, vocabulary);
    Carver one(nullptr);
    Row(drawn, one);
    one.take<StripPart>(strips);
    per_worker = int64_t(one.bytes());
    logits = s.take<float>(rows * stride);
    scratch = s.take<float>(matmul_scratch(depth));
    workers = s.take<char>(worker_count() * per_worker);
  }
};

}  // namespace

size_t workspace_linear_sample(const sj_call& call) { return Plan(call, nullptr).s.bytes(); }

int32_t run_linear_sample(const sj_call& call, sj_error* error) {
  using namespace ops::linear_sample;
  const sj_tensor &h = call.tensors[H], &w = call.tensors[W];
  const int32_t* keys = data<const int32_t>(call, KEYS);
  int32_t* tokens = data<int32_t>(call, TOKENS);
  float *logp = data<float>(call, LOGP), *sampling_logp = data<float>(call, SAMPLING_LOGP);
  const double* n = call.numbers;
  const Filter filter{n[TEMPERATURE], n[TOP_P], n[MIN_P], int64_t(n[TOP_K])};
  const std::array<uint32_t, 2> seed{uint32_t(n[SEED_LO]), uint32_t(n[SEED_HI])};
  const Plan plan(call, call.workspace);
  if (plan.rows > kMaxRows)
    return fail(error, SJ_INVALID, "[linear_sample] h: expected at most %lld rows, received %lld",
                (long long)kMaxRows, (long long)plan.rows);

  matmul({.a = {h.data, h.dtype, plan.depth},
          .b = weight_panels(w),
          .rows = plan.rows,
          .k = plan.depth,
          .columns = plan.vocabulary,
          .c = plan.logits,
          .c_stride = plan.stride,
          .next = call.next_weight},
         plan.scratch);
  parallel_for(plan.rows, [&](int64_t r, int worker) {
    Carver own(plan.workers + worker * plan.per_worker);
    Row row(plan.drawn, own);
    StripPart* parts = own.take<StripPart>(plan.strips);
    float* logits = plan.logits + r * plan.stride;
    for (int64_t s = 0; s < plan.strips; s++)
      parts[s] = reduce_strip(logits + s * kStrip, strip_width(plan.vocabulary, s));
    const double lse = merge_strips(parts, plan.strips);
    const float max = largest(logits, parts, plan.drawn, plan.vocabulary);
    if (!std::isfinite(lse) || max == -INFINITY) {
      tokens[r] = -1;
      logp[r] = sampling_logp[r] = NAN;
      return;
    }
    Pick picked{0, 0};
    if (filter.temperature == 0) {
      picked.token = int32_t(std::find(logits, logits + plan.drawn, max) - logits);
    } else {
      const auto words = philox4x32(seed, {uint32_t(keys[2 * r]), uint32_t(keys[2 * r + 1]), 0, 0});
      picked = pick(row, logits, max, filter, uint64_t(words[1]) << 32 | words[0]);
    }
    tokens[r] = picked.token;
    logp[r] = log_probability(logits[picked.token], lse);
    sampling_logp[r] = picked.logp;
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
