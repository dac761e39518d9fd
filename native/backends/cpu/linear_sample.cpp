// linear_sample: one token a row from softmax(h W^T / temperature) after top-k, top-p and min-p. Weights are integers
// and their sums exact, so each filter keeps an exact prefix of the order (weight descending, id ascending) and the
// pick depends on nothing but the row's logits and its key.
#include "../../core/philox.h"
#include "arguments.h"
#include "gemm/gemm.h"
#include "head.h"
#include "ops.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kMaxRows = 128;
constexpr int64_t kSharp = 64;                  // histogram buckets an octave of weight
constexpr int64_t kBuckets = 34 * kSharp;       // weights reach 2^32
using u128 = unsigned __int128;

// Ascends with the weight: its octave, then the six bits below the leading one.
int64_t bucket_of(uint64_t weight) {
  if (weight == 0) return 0;
  const int octave = 63 - __builtin_clzll(weight);
  const uint64_t below = octave >= 6 ? weight >> (octave - 6) : weight << (6 - octave);
  return (octave + 1) * kSharp + int64_t(below & (kSharp - 1));
}

struct Candidate {
  uint64_t weight;
  int32_t id;
  bool before(const Candidate& other) const {
    return weight != other.weight ? weight > other.weight : id < other.id;
  }
};

// One worker's memory for one row.
struct Row {
  uint64_t* weights;     // [vocabulary, padded]
  Candidate* candidates; // [vocabulary]
  uint64_t* sums;        // [kBuckets]
  int64_t* counts;       // [kBuckets]
  Row(int64_t vocabulary, Carver& s)
      : weights(s.take<uint64_t>(padded_width(vocabulary))),
        candidates(s.take<Candidate>(vocabulary)),
        sums(s.take<uint64_t>(kBuckets)),
        counts(s.take<int64_t>(kBuckets)) {}
};

// The last of the shortest prefix that holds `count` entries or a weight of `sum`, whichever comes first, and the
// weight of that prefix.
struct Prefix {
  Candidate last;
  uint64_t total;
};

Prefix shortest_prefix(const Row& row, int64_t vocabulary, int64_t count, uint64_t sum) {
  int64_t seen = 0, b = kBuckets - 1;
  uint64_t total = 0;
  for (; b > 0; b--) {
    if (row.counts[b] && (seen + row.counts[b] >= count || total + row.sums[b] >= sum)) break;
    seen += row.counts[b];
    total += row.sums[b];
  }
  int64_t n = 0;
  for (int64_t i = 0; i < vocabulary; i++)
    if (bucket_of(row.weights[i]) == b) row.candidates[n++] = {row.weights[i], int32_t(i)};
  std::sort(row.candidates, row.candidates + n, [](const Candidate& x, const Candidate& y) { return x.before(y); });
  for (int64_t i = 0; i < n; i++) {
    total += row.candidates[i].weight;
    if (++seen >= count || total >= sum) return {row.candidates[i], total};
  }
  return {{0, int32_t(vocabulary - 1)}, total};  // everything
}

struct Filter {
  double temperature, top_p, min_p;
  int64_t top_k;
};

struct Pick {
  int32_t token;
  float logp;  // under the kept weights
};

Pick pick(const Row& row, const float* logits, int64_t vocabulary, float max, const Filter& filter, uint64_t u) {
  const double scale = std::min(1.4426950408889634 / filter.temperature, 3e38);
  kernels().weights(logits, padded_width(vocabulary), max, float(scale), row.weights);
  const uint64_t* weights = row.weights;
  Candidate last{0, int32_t(vocabulary - 1)};
  uint64_t total = 0;
  if (filter.top_k || filter.top_p < 1) {
    std::fill(row.sums, row.sums + kBuckets, 0);
    std::fill(row.counts, row.counts + kBuckets, 0);
    for (int64_t i = 0; i < vocabulary; i++) {
      const int64_t b = bucket_of(weights[i]);
      row.sums[b] += weights[i];
      row.counts[b]++;
    }
    const int64_t k = filter.top_k ? std::min(filter.top_k, vocabulary) : vocabulary;
    Prefix kept = shortest_prefix(row, vocabulary, k, UINT64_MAX);
    if (filter.top_p < 1)
      kept = shortest_prefix(row, vocabulary, k, uint64_t(std::ceil(filter.top_p * double(kept.total))));
    last = kept.last;
    total = kept.total;
  } else {
    for (int64_t i = 0; i < vocabulary; i++) total += weights[i];
  }
  // The largest weight is 2^32 by construction, so it always passes.
  const uint64_t least = uint64_t(std::ceil(filter.min_p * 4294967296.0));
  auto kept = [&](int64_t i) {
    return weights[i] >= least && !last.before({weights[i], int32_t(i)});
  };
  if (least > last.weight) {
    total = 0;
    for (int64_t i = 0; i < vocabulary; i++) total += kept(i) ? weights[i] : 0;
  }
  const uint64_t target = uint64_t((u128(u) * total) >> 64);
  uint64_t sum = 0;
  for (int64_t i = 0; i < vocabulary; i++) {
    if (!kept(i)) continue;
    sum += weights[i];
    if (sum > target) return {int32_t(i), float(std::log(double(weights[i]) / double(total)))};
  }
  return {-1, NAN};  // not reached: target < total
}

struct Plan {
  Carver s;
  int64_t rows, depth, vocabulary, strips, stride, per_worker;
  float *logits, *scratch;
  char* workers;
  Plan(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_sample::H, 0)),
        depth(dim(call, ops::linear_sample::H, 1)),
        vocabulary(dim(call, ops::linear_sample::W, 0)),
        strips(strip_count(vocabulary)),
        stride(padded_width(vocabulary)) {
    Carver one(nullptr);
    Row(vocabulary, one);
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
    return fail(error, SJ_INVALID, "[linear_sample] h: expected at most %lld rows, received %lld", (long long)kMaxRows,
                (long long)plan.rows);

  matmul({.a = {h.data, h.dtype, plan.depth}, .rows = plan.rows, .k = plan.depth, .panels = w.data, .dtype = w.dtype,
          .panel_bytes = panel_stride(w.dtype, plan.depth), .columns = plan.vocabulary, .c = plan.logits,
          .c_stride = plan.stride}, plan.scratch);
  parallel_for(plan.rows, [&](int64_t r, int worker) {
    Carver own(plan.workers + worker * plan.per_worker);
    const Row row(plan.vocabulary, own);
    StripPart* parts = own.take<StripPart>(plan.strips);
    float* logits = plan.logits + r * plan.stride;
    float max = -INFINITY;
    for (int64_t s = 0; s < plan.strips; s++) {
      parts[s] = reduce_strip(logits + s * kStrip, strip_width(plan.vocabulary, s));
      max = std::max(max, parts[s].max);
    }
    const double lse = merge_strips(parts, plan.strips);
    if (!std::isfinite(lse)) {
      tokens[r] = -1;
      logp[r] = sampling_logp[r] = NAN;
      return;
    }
    Pick picked{0, 0};
    if (filter.temperature == 0) {
      picked.token = int32_t(std::find(logits, logits + plan.vocabulary, max) - logits);
    } else {
      const auto words = philox4x32(seed, {uint32_t(keys[2 * r]), uint32_t(keys[2 * r + 1]), 0, 0});
      picked = pick(row, logits, plan.vocabulary, max, filter, uint64_t(words[1]) << 32 | words[0]);
    }
    tokens[r] = picked.token;
    logp[r] = log_probability(logits[picked.token], lse);
    sampling_logp[r] = picked.logp;
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
