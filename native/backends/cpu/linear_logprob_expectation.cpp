// linear_logprob_expectation: the log-probabilities of linear_logprob, to the bit, and the mean of W's rows
// under softmax(h W^T) without the labels, in one pass over the vocabulary: strip by strip, each summed from
// 0 relative to its own largest logit and merged by e^(its max - the max so far), as attention merges chunks.
//
// Backward: dh = sum_l (g_l - G p_l) W[l] - G mean, with G the sum of the row's dlogp; g - G p = (g - G) + G
// (1 - p) takes 1 - p as the sum of all other probabilities, exact where p is near 1.
#include <algorithm>
#include <cstring>

#include "../../include/ops/linear_logprob.h"
#include "gemm/gemm.h"
#include "head.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kChunk = 256;  // rows whose logits are in scratch at a time
constexpr int64_t kWave = 2048;  // rows that share one transposition of a strip
constexpr int64_t kRowsATask = 8;

struct Forward {
  Carver s;
  int64_t rows, depth, vocabulary, labels, strips, chunk;
  bool dot;
  LabelIndex index;
  double* lse;
  StripPart* parts;  // [wave, strips]
  float* max;        // [wave]: the largest logit so far, that mean and rest are relative to
  float* weight;     // [chunk]: of a strip's sums in them
  float* logits;     // [chunk, kStrip], then probabilities
  uint16_t* p16;     // with dot: the same in bf16
  float *transposed, *scratch, *transpose_memory;

  Forward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_logprob_expectation::H, 0)),
        depth(dim(call, ops::linear_logprob_expectation::H, 1)),
        vocabulary(dim(call, ops::linear_logprob_expectation::W, 0)),
        labels(dim(call, ops::linear_logprob_expectation::LABELS, 0)),
        strips(strip_count(vocabulary)),
        chunk(std::min(rows, kChunk)),
        dot(has_dot() && is_bf16(call, ops::linear_logprob_expectation::H)),
        index(rows, labels, s) {
    const int64_t wave = std::min(rows, kWave);
    lse = s.take<double>(rows);
    parts = s.take<StripPart>(wave * strips);
    max = s.take<float>(wave);
    weight = s.take<float>(chunk);
    logits = s.take<float>(chunk * kStrip);
    p16 = s.take<uint16_t>(dot ? chunk * kStrip : 0);
    transposed = s.take<float>(panel_count(depth) * kPanel * kStrip / (dot ? 2 : 1));
    scratch = s.take<float>(matmul_scratch(std::max(depth, kStrip)));
    transpose_memory = s.take<float>(transpose_scratch(depth));
  }
};

// The logits of row `wave0 + r` in a strip: reduced, their labels taken out, and turned into probabilities
// relative to the strip's largest; mean and rest of the row are made relative to the largest so far.
void reduce_row(const sj_call& call, const Forward& f, int64_t wave0, int64_t r, int64_t in_chunk,
                int64_t strip) {
  using namespace ops::linear_logprob_expectation;
  const Kernels& kernel = kernels();
  const auto* labels = data<const int32_t>(call, LABELS);
  const int64_t row = wave0 + r, width = strip_width(f.vocabulary, strip);
  float *p = f.logits + in_chunk * kStrip, *mean = data<float>(call, MEAN) + row * f.depth;
  float& rest = data<float>(call, REST)[row];
  const auto for_labels = [&](const auto& visit) {
    for (int64_t i = f.index.offsets[row]; i < f.index.offsets[row + 1]; i++) {
      const int64_t label = f.index.order[i], column = labels[label] - strip * kStrip;
      if (column >= 0 && column < width) visit(label, p[column]);
    }
  };
  for_labels([&](int64_t label, float& logit) { data<float>(call, LOGP)[label] = logit; });
  const StripPart part = f.parts[r * f.strips + strip] = reduce_strip(p, width);
  for_labels([](int64_t, float& logit) { logit = -INFINITY; });
  const float sum = kernel.strip_softmax(p, padded_width(width), part.max, 1);
  if (f.dot) kernel.narrow_factor(p, f.p16 + in_chunk * kStrip, padded_width(width));

  const float before = strip == 0 ? part.max : f.max[r], top = std::max(before, part.max);
  const float old = std::exp(before - top), its = f.weight[in_chunk] = std::exp(part.max - top);
  f.max[r] = top;
  rest = (strip == 0 ? 0 : rest * old) + sum * its;
  if (strip == 0)
    std::fill_n(mean, f.depth, 0.0f);
  else if (old != 1)
    for (int64_t x = 0; x < f.depth; x++) mean[x] *= old;
}

// mean += weight p W[strip], for the rows of a chunk.
void add_strip(const sj_call& call, const Forward& f, const Panels& transposed, int64_t row0, int64_t rows,
               int64_t width) {
  float* mean = data<float>(call, ops::linear_logprob_expectation::MEAN) + row0 * f.depth;
  const Kernels& kernel = kernels();
  matmul({.a = f.dot ? Rows{f.p16, SJ_BF16, kStrip} : Rows{f.logits, SJ_F32, kStrip},
          .b = transposed,
          .rows = rows,
          .k = width,
          .columns = f.depth},
         f.scratch, [&](const Block& c) {
           for (int64_t i = 0; i < c.rows; i++)
             kernel.add_scaled(c.c + i * c.c_stride, f.weight[c.row + i],
                               mean + (c.row + i) * f.depth + c.column, c.columns);
         });
}

// The sums over all strips: relative to lse now.
void finish_row(const sj_call& call, const Forward& f, int64_t wave0, int64_t r) {
  using namespace ops::linear_logprob_expectation;
  const int64_t row = wave0 + r;
  f.lse[row] = merge_strips(f.parts + r * f.strips, f.strips);
  const float scale = float(std::exp(double(f.max[r]) - f.lse[row]));
  float* mean = data<float>(call, MEAN) + row * f.depth;
  for (int64_t x = 0; x < f.depth; x++) mean[x] *= scale;
  data<float>(call, REST)[row] *= scale;
}

void for_rows(int64_t rows, const std::function<void(int64_t)>& body) {
  parallel_for(ceil_div(rows, kRowsATask), [&](int64_t task, int) {
    for (int64_t r = task * kRowsATask; r < std::min(rows, (task + 1) * kRowsATask); r++) body(r);
  });
}

}  // namespace

size_t workspace_linear_logprob_expectation(const sj_call& call) { return Forward(call, nullptr).s.bytes(); }

int32_t run_linear_logprob_expectation(const sj_call& call, sj_error* error) {
  using namespace ops::linear_logprob_expectation;
  const sj_tensor &w = call.tensors[W], &h = call.tensors[H];
  const auto *label_rows = data<const int32_t>(call, ROWS), *labels = data<const int32_t>(call, LABELS);
  Forward f(call, call.workspace);
  if (const int32_t code = check_labels("linear_logprob_expectation", label_rows, labels, f.labels, f.rows,
                                        f.vocabulary, error))
    return code;
  f.index.build(label_rows, labels, f.labels, f.rows);
  for (int64_t wave0 = 0; wave0 < f.rows; wave0 += kWave) {
    const int64_t wave = std::min(kWave, f.rows - wave0);
    for (int64_t strip = 0; strip < f.strips; strip++) {
      const int64_t width = strip_width(f.vocabulary, strip), first = strip * kStrip;
      const Panels transposed =
          transposed_panels(w, first, first + width, f.dot, f.transposed, f.transpose_memory);
      for (int64_t r = 0; r < wave; r += kChunk) {
        const int64_t rows = std::min(kChunk, wave - r);
        matmul({.a = {Rows{h.data, h.dtype, f.depth}.at(wave0 + r), h.dtype, f.depth},
                .b = strip_panels(w, strip),
                .rows = rows,
                .k = f.depth,
                .columns = width,
                .c = f.logits,
                .c_stride = kStrip},
               f.scratch);
        for_rows(rows, [&](int64_t i) { reduce_row(call, f, wave0, r + i, i, strip); });
        add_strip(call, f, transposed, wave0 + r, rows, width);
      }
    }
    for_rows(wave, [&](int64_t r) { finish_row(call, f, wave0, r); });
  }
  float* logp = data<float>(call, LOGP);
  for (int64_t l = 0; l < f.labels; l++) logp[l] = log_probability(logp[l], f.lse[label_rows[l]]);
  return SJ_OK;
}

namespace {

struct Backward {
  Carver s;
  int64_t rows, depth, vocabulary, labels;
  LabelIndex index;
  float *sums, *wide;  // of each worker: [depth]

  Backward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_logprob_expectation_backward::MEAN, 0)),
        depth(dim(call, ops::linear_logprob_expectation_backward::MEAN, 1)),
        vocabulary(dim(call, ops::linear_logprob_expectation_backward::W, 0)),
        labels(dim(call, ops::linear_logprob_expectation_backward::LABELS, 0)),
        index(rows, labels, s) {
    sums = s.take<float>(worker_count() * depth);
    wide = s.take<float>(worker_count() * depth);
  }
};

}  // namespace

size_t workspace_linear_logprob_expectation_backward(const sj_call& call) {
  return Backward(call, nullptr).s.bytes();
}

int32_t run_linear_logprob_expectation_backward(const sj_call& call, sj_error* error) {
  using namespace ops::linear_logprob_expectation_backward;
  const sj_tensor& w = call.tensors[W];
  const auto *label_rows = data<const int32_t>(call, ROWS), *labels = data<const int32_t>(call, LABELS);
  const auto *dlogp = data<const float>(call, DLOGP), *logp = data<const float>(call, LOGP);
  Backward b(call, call.workspace);
  if (const int32_t code = check_labels("linear_logprob_expectation_backward", label_rows, labels, b.labels,
                                        b.rows, b.vocabulary, error))
    return code;
  b.index.build(label_rows, labels, b.labels, b.rows);
  parallel_for(b.rows, [&](int64_t row, int worker) {
    const Kernels& kernel = kernels();
    float *sum = b.sums + worker * b.depth, *wide = b.wide + worker * b.depth;
    const int64_t first = b.index.offsets[row], last = b.index.offsets[row + 1];
    const auto label = [&](int64_t i) { return labels[b.index.order[i]]; };
    const auto new_label = [&](int64_t i) { return i == first || label(i) != label(i - 1); };
    const auto probability = [&](int64_t i) { return std::exp(double(logp[b.index.order[i]])); };
    double total = 0, own = 0;
    for (int64_t i = first; i < last; i++) {
      total += dlogp[b.index.order[i]];
      if (new_label(i)) own += probability(i);
    }
    const float g_all = float(total), *mean = data<const float>(call, MEAN) + row * b.depth;
    const double rest = data<const float>(call, REST)[row];
    for (int64_t x = 0; x < b.depth; x++) sum[x] = -g_all * mean[x];
    for (int64_t i = first; i < last; i++) {
      if (!new_label(i)) continue;
      double g = 0;
      for (int64_t j = i; j < last && label(j) == label(i); j++) g += dlogp[b.index.order[j]];
      const double others = rest + (own - probability(i));
      unpack_row_f32(w.data, w.dtype, b.depth, label(i), wide);
      kernel.add_scaled(wide, float((float(g) - g_all) + g_all * others), sum, b.depth);
    }
    const int64_t at = row * b.depth;
    if (is_bf16(call, DH))
      kernel.narrow(sum, data<uint16_t>(call, DH) + at, b.depth);
    else
      std::memcpy(data<float>(call, DH) + at, sum, size_t(b.depth) * sizeof(float));
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
