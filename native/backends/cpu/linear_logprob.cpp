// linear_logprob: log-probabilities of labels under softmax(h W^T), without storing logits. Each task
// computes the logits of a block of rows x a strip of the vocabulary in its own scratch and keeps (max, sum)
// a row.
//
// Backward, strip by strip: P = exp(h W^T - lse) again, dh -= G P W, grad_w -= (G P)^T h, with G the sum of
// the row's dlogp. Each strip is summed from 0: one chain over the whole vocabulary would lose most of its
// small probabilities. Label columns are left out of P and added at the end: their coefficient g - G p = (g -
// G)
// + G (1 - p) takes 1 - p as the sum of all other probabilities, exact where p is near 1.
#include <algorithm>
#include <cstring>

#include "../../include/ops/linear_logprob.h"
#include "gemm/gemm.h"
#include "head.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kRowBlock = 96;  // forward: rows of a task; with the strip's logits they stay in L2
constexpr int64_t kChunk = 256;    // backward: rows whose logits are in scratch at a time
constexpr int64_t kWave = 2048;    // backward: rows that share one transposition of a strip

struct Forward {
  Carver s;
  int64_t rows, depth, vocabulary, labels, strips, blocks, block;
  LabelIndex index;
  double* lse;
  StripPart* parts;  // [rows, strips]
  float *logits, *scratch;

  Forward(const sj_call& call, void* memory)
      : s(memory),
        rows(call.tensors[ops::linear_logprob::H].dims[0]),
        depth(call.tensors[ops::linear_logprob::H].dims[1]),
        vocabulary(call.tensors[ops::linear_logprob::W].dims[0]),
        labels(call.tensors[ops::linear_logprob::LABELS].dims[0]),
        strips(strip_count(vocabulary)),
        blocks(ceil_div(rows, kRowBlock)),
        block(std::min(rows, kRowBlock)),
        index(rows, labels, s) {
    lse = s.take<double>(rows);
    parts = s.take<StripPart>(rows * strips);
    logits = s.take<float>(worker_count() * block * kStrip);
    scratch = s.take<float>(matmul_scratch(depth));
  }
};

}  // namespace

size_t workspace_linear_logprob(const sj_call& call) { return Forward(call, nullptr).s.bytes(); }

int32_t run_linear_logprob(const sj_call& call, sj_error* error) {
  using namespace ops::linear_logprob;
  const sj_tensor *t = call.tensors, &w = t[W];
  const auto* label_rows = static_cast<const int32_t*>(t[ROWS].data);
  const auto* labels = static_cast<const int32_t*>(t[LABELS].data);
  float *logp = static_cast<float*>(t[LOGP].data), *lse = static_cast<float*>(t[LSE].data);
  Forward f(call, call.workspace);
  if (const int32_t code =
          check_labels("linear_logprob", label_rows, labels, f.labels, f.rows, f.vocabulary, error))
    return code;
  f.index.build(label_rows, labels, f.labels, f.rows);
  const Rows h{t[H].data, t[H].dtype, f.depth};

  parallel_for(f.blocks * f.strips, [&](int64_t task, int worker) {
    const int64_t strip = task / f.blocks, width = strip_width(f.vocabulary, strip);
    const int64_t row0 = task % f.blocks * kRowBlock, rows = std::min(kRowBlock, f.rows - row0);
    float* logits = f.logits + worker * f.block * kStrip;
    matmul({.a = {h.at(row0), h.dtype, f.depth},
            .b = strip_panels(w, strip),
            .rows = rows,
            .k = f.depth,
            .columns = width,
            .c = logits,
            .c_stride = kStrip},
           f.scratch);
    for (int64_t r = 0; r < rows; r++) {
      const int64_t row = row0 + r;
      for (int64_t i = f.index.offsets[row]; i < f.index.offsets[row + 1]; i++) {
        const int64_t label = f.index.order[i], column = labels[label] - strip * kStrip;
        if (column >= 0 && column < width) logp[label] = logits[r * kStrip + column];
      }
      f.parts[row * f.strips + strip] = reduce_strip(logits + r * kStrip, width);
    }
  });
  parallel_for(f.blocks, [&](int64_t task, int) {
    for (int64_t r = task * kRowBlock; r < std::min(f.rows, (task + 1) * kRowBlock); r++) {
      f.lse[r] = merge_strips(f.parts + r * f.strips, f.strips);
      lse[r] = float(f.lse[r]);
    }
  });
  for (int64_t l = 0; l < f.labels; l++) logp[l] = log_probability(logp[l], f.lse[label_rows[l]]);
  return SJ_OK;
}

namespace {

struct Backward {
  Carver s;
  int64_t rows, depth, vocabulary, labels, strips, wave, chunk, padded;  // padded: depth in whole panels
  bool need_dh, need_w;
  LabelIndex index;
  float* total;        // [rows] G
  float* coefficient;  // [labels] at the first of each row's equal labels: p, then its coefficient
  float* rest;         // [wave, strips] sums of p without the labels
  float* p;            // [chunk, kStrip] -G p
  bool dot;
  uint16_t* p16;  // with dot: the same in bf16
  float *dh, *transposed, *p_transposed, *h_panels, *scratch, *transpose_memory, *panel_memory, *row;

  Backward(const sj_call& call, void* memory)
      : s(memory),
        rows(call.tensors[ops::linear_logprob_backward::H].dims[0]),
        depth(call.tensors[ops::linear_logprob_backward::H].dims[1]),
        vocabulary(call.tensors[ops::linear_logprob_backward::W].dims[0]),
        labels(call.tensors[ops::linear_logprob_backward::LABELS].dims[0]),
        strips(strip_count(vocabulary)),
        wave(std::min(rows, kWave)),
        chunk(std::min(rows, kChunk)),
        padded(panel_count(depth) * kPanel),
        need_dh(call.numbers[ops::linear_logprob_backward::NEED_DH] != 0),
        need_w(call.tensors[ops::linear_logprob_backward::GRAD_W].data != nullptr),
        index(rows, labels, s) {
    using namespace ops::linear_logprob_backward;
    dot = has_dot() && is_bf16(call, H) && is_bf16(call, W);
    total = s.take<float>(rows);
    coefficient = s.take<float>(labels);
    rest = s.take<float>(wave * strips);
    p = s.take<float>(chunk * kStrip);
    p16 = s.take<uint16_t>(dot ? chunk * kStrip : 0);
    dh = s.take<float>(need_dh ? wave * padded : 0);
    transposed = s.take<float>(need_dh ? padded * kStrip : 0);
    p_transposed = s.take<float>(need_w ? kStrip * chunk : 0);
    h_panels = s.take<float>(need_w ? (wave + chunk) * padded : 0);
    scratch = s.take<float>(matmul_scratch(std::max(depth, kStrip)));
    transpose_memory = s.take<float>(transpose_scratch(depth));
    panel_memory = s.take<float>(row_panels_scratch(depth));
    row = s.take<float>(worker_count() * depth);
  }
};

// One (chunk of rows, strip): p = -G exp(logits - lse) with the label columns taken out.
void probabilities(const sj_call& call, Backward& b, int64_t wave0, int64_t row0, int64_t rows,
                   int64_t strip) {
  using namespace ops::linear_logprob_backward;
  const sj_tensor *t = call.tensors, &w = t[W];
  const auto* labels = static_cast<const int32_t*>(t[LABELS].data);
  const float* lse = static_cast<const float*>(t[LSE].data);
  const Rows h{t[H].data, t[H].dtype, b.depth};
  const int64_t width = strip_width(b.vocabulary, strip);
  matmul({.a = {h.at(row0), h.dtype, b.depth},
          .b = strip_panels(w, strip),
          .rows = rows,
          .k = b.depth,
          .columns = width,
          .c = b.p,
          .c_stride = kStrip},
         b.scratch);
  constexpr int64_t kRows = 8;  // a task
  parallel_for(ceil_div(rows, kRows), [&](int64_t task, int) {
    for (int64_t r = task * kRows; r < std::min(rows, (task + 1) * kRows); r++) {
      const int64_t row = row0 + r;
      float* p = b.p + r * kStrip;
      pad_strip(p, width);
      for (int64_t i = b.index.offsets[row]; i < b.index.offsets[row + 1]; i++) {
        const int64_t label = labels[b.index.order[i]], column = label - strip * kStrip;
        if (column < 0 || column >= width) continue;
        if (i > b.index.offsets[row] && label == labels[b.index.order[i - 1]]) continue;
        b.coefficient[i] = float(std::exp(double(p[column]) - lse[row]));
        p[column] = -INFINITY;
      }
      b.rest[(row - wave0) * b.strips + strip] =
          kernels().strip_softmax(p, padded_width(width), lse[row], -b.total[row]);
      if (b.dot) kernels().narrow_factor(p, b.p16 + r * kStrip, padded_width(width));
    }
  });
}

// Turns the labels' p of one row into coefficients; the entries of repeated labels become 0.
void label_coefficients(const sj_call& call, Backward& b, int64_t wave0, int64_t row) {
  using namespace ops::linear_logprob_backward;
  const auto* labels = static_cast<const int32_t*>(call.tensors[LABELS].data);
  const float* dlogp = static_cast<const float*>(call.tensors[DLOGP].data);
  const int64_t first = b.index.offsets[row], last = b.index.offsets[row + 1];
  auto label = [&](int64_t i) { return labels[b.index.order[i]]; };
  auto repeated = [&](int64_t i) { return i > first && label(i) == label(i - 1); };
  double rest = 0, own = 0;
  for (int64_t s = 0; s < b.strips; s++) rest += b.rest[(row - wave0) * b.strips + s];
  for (int64_t i = first; i < last; i++)
    if (!repeated(i)) own += b.coefficient[i];
  for (int64_t i = first; i < last; i++) {
    if (repeated(i)) {
      b.coefficient[i] = 0;
      continue;
    }
    double g = 0;
    for (int64_t j = i; j < last && label(j) == label(i); j++) g += dlogp[b.index.order[j]];
    const double others = rest + (own - b.coefficient[i]);
    b.coefficient[i] = float((float(g) - b.total[row]) + b.total[row] * others);
  }
}

void store_dh(const sj_call& call, Backward& b, int64_t wave0, int64_t rows) {
  using namespace ops::linear_logprob_backward;
  const sj_tensor &w = call.tensors[W], &dh = call.tensors[DH];
  const auto* labels = static_cast<const int32_t*>(call.tensors[LABELS].data);
  parallel_for(rows, [&](int64_t r, int worker) {
    const int64_t row = wave0 + r;
    float *sum = b.dh + r * b.padded, *wide = b.row + worker * b.depth;
    for (int64_t i = b.index.offsets[row]; i < b.index.offsets[row + 1]; i++) {
      if (b.coefficient[i] == 0) continue;
      unpack_row_f32(w.data, w.dtype, b.depth, labels[b.index.order[i]], wide);
      kernels().add_scaled(wide, b.coefficient[i], sum, b.depth);
    }
    if (dh.dtype == SJ_BF16)
      kernels().narrow(sum, static_cast<uint16_t*>(dh.data) + row * b.depth, b.depth);
    else
      std::memcpy(static_cast<float*>(dh.data) + row * b.depth, sum, size_t(b.depth) * sizeof(float));
  });
}

void add_label_rows(const sj_call& call, Backward& b, int64_t wave0, int64_t rows) {
  using namespace ops::linear_logprob_backward;
  const sj_tensor& h = call.tensors[H];
  const auto* labels = static_cast<const int32_t*>(call.tensors[LABELS].data);
  float* grad = static_cast<float*>(call.tensors[GRAD_W].data);
  constexpr int64_t kColumns = 64;  // a task: rows ascend within it
  parallel_for(ceil_div(b.depth, kColumns), [&](int64_t task, int) {
    const int64_t first = task * kColumns, count = std::min(kColumns, b.depth - first);
    float wide[kColumns];
    for (int64_t row = wave0; row < wave0 + rows; row++)
      for (int64_t i = b.index.offsets[row]; i < b.index.offsets[row + 1]; i++) {
        const float* x = static_cast<const float*>(h.data) + row * b.depth + first;
        if (h.dtype == SJ_BF16) {
          kernels().widen(static_cast<const uint16_t*>(h.data) + row * b.depth + first, wide, count);
          x = wide;
        }
        kernels().add_scaled(x, b.coefficient[i], grad + labels[b.index.order[i]] * b.depth + first, count);
      }
  });
}

}  // namespace

size_t workspace_linear_logprob_backward(const sj_call& call) { return Backward(call, nullptr).s.bytes(); }

int32_t run_linear_logprob_backward(const sj_call& call, sj_error* error) {
  using namespace ops::linear_logprob_backward;
  const sj_tensor *t = call.tensors, &w = t[W];
  const auto* label_rows = static_cast<const int32_t*>(t[ROWS].data);
  const auto* labels = static_cast<const int32_t*>(t[LABELS].data);
  const float* dlogp = static_cast<const float*>(t[DLOGP].data);
  float* grad_w = static_cast<float*>(t[GRAD_W].data);
  Backward b(call, call.workspace);
  if (const int32_t code =
          check_labels("linear_logprob_backward", label_rows, labels, b.labels, b.rows, b.vocabulary, error))
    return code;
  b.index.build(label_rows, labels, b.labels, b.rows);
  for (int64_t r = 0; r < b.rows; r++) {
    double sum = 0;
    for (int64_t i = b.index.offsets[r]; i < b.index.offsets[r + 1]; i++) sum += dlogp[b.index.order[i]];
    b.total[r] = float(sum);
  }
  const Rows h{t[H].data, t[H].dtype, b.depth};

  for (int64_t wave0 = 0; wave0 < b.rows; wave0 += kWave) {
    const int64_t rows = std::min(kWave, b.rows - wave0);
    if (b.need_dh) std::fill_n(b.dh, rows * b.padded, 0.0f);
    if (b.need_w)
      for (int64_t r = 0; r < rows; r += kChunk)
        row_panels(h, wave0 + r, std::min(kChunk, rows - r), b.depth, b.h_panels + r * b.padded,
                   b.panel_memory);
    for (int64_t strip = 0; strip < b.strips; strip++) {
      const int64_t width = strip_width(b.vocabulary, strip), first = strip * kStrip;
      Panels transposed{};
      if (b.need_dh)
        transposed = transposed_panels(w, first, first + width, b.dot, b.transposed, b.transpose_memory);
      for (int64_t r = 0; r < rows; r += kChunk) {
        const int64_t count = std::min(kChunk, rows - r);
        probabilities(call, b, wave0, wave0 + r, count, strip);
        if (b.need_dh)
          matmul({.a = b.dot ? Rows{b.p16, SJ_BF16, kStrip} : Rows{b.p, SJ_F32, kStrip},
                  .b = transposed,
                  .rows = count,
                  .k = width,
                  .columns = b.depth},
                 b.scratch, [&](const Block& c) {
                   for (int64_t i = 0; i < c.rows; i++)
                     kernels().add_scaled(c.c + i * c.c_stride, 1,
                                          b.dh + (r + c.row + i) * b.padded + c.column, c.columns);
                 });
        if (!b.need_w) continue;
        constexpr int64_t kColumns = 64;  // a task
        parallel_for(ceil_div(width, kColumns), [&](int64_t task, int) {
          const int64_t c = task * kColumns;
          kernels().transpose(b.p + c, kStrip, count, std::min(kColumns, width - c),
                              b.p_transposed + c * count, count);
        });
        matmul({.a = {b.p_transposed, SJ_F32, count},
                .b = float_panels(b.h_panels + r * b.padded, count),
                .rows = width,
                .k = count,
                .columns = b.depth},
               b.scratch, [&](const Block& c) {
                 for (int64_t i = 0; i < c.rows; i++)
                   kernels().add_scaled(c.c + i * c.c_stride, 1,
                                        grad_w + (first + c.row + i) * b.depth + c.column, c.columns);
               });
      }
    }
    for (int64_t r = 0; r < rows; r++) label_coefficients(call, b, wave0, wave0 + r);
    if (b.need_dh) store_dh(call, b, wave0, rows);
    if (b.need_w) add_label_rows(call, b, wave0, rows);
  }
  return SJ_OK;
}

}  // namespace selfjudge::cpu
