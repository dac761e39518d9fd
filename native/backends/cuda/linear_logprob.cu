// linear_logprob: log-probabilities of labels under softmax(h W^T), without storing logits: each tile of the
// product reduces its own, in waves of rows that bound the strips' memory.
//
// Backward, in waves of rows and chunks of the vocabulary: P = -G exp(h W^T - lse) again, dh += P W, grad_w
// += P^T h, with G the sum of the row's dlogp. Label columns are left out of P and added at the end: their
// coefficient g - G p = (g - G) + G (1 - p) takes 1 - p as the sum of all other probabilities, exact where p
// is near 1.
//
// linear_logprob_expectation does the same products with G = -1 once the lse are known: as many as
// recomputing in the backward, which then only scales.
#include <algorithm>

#include "../../include/ops.h"
#include "gemm/accumulate.h"
#include "head.cuh"
#include "head_shapes.cuh"

namespace selfjudge::cuda {
namespace {

using gemm::Operand;

constexpr int64_t kPartBytes = int64_t{8} << 20;  // forward: strips of a wave of rows

struct Forward {
  Carver s;
  int64_t rows, depth, vocabulary, labels, strips, wave;
  LabelIndex index;
  double* lse;
  StripPart* parts;  // [wave, strips]

  Forward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_logprob::H, 0)),
        depth(dim(call, ops::linear_logprob::H, 1)),
        vocabulary(dim(call, ops::linear_logprob::W, 0)),
        labels(dim(call, ops::linear_logprob::LABELS, 0)),
        strips(strip_count(vocabulary)),
        wave(std::min(rows,
                      std::max<int64_t>(1, kPartBytes / int64_t(sizeof(StripPart)) / strips / 128) * 128)),
        index(rows, labels, s),
        lse(s.take<double>(rows)),
        parts(s.take<StripPart>(wave * strips)) {}
};

// A warp a row.
__global__ __launch_bounds__(128) void merge_rows(const StripPart* parts, int rows, int strips, double* lse,
                                                  float* rounded) {
  const int row = int(blockIdx.x) * 4 + int(threadIdx.x) / 32;
  if (row >= rows) return;
  float max;
  const double merged = merge_strips(parts + int64_t(row) * strips, strips, &max);
  if (threadIdx.x % 32 == 0) {
    lse[row] = merged;
    rounded[row] = float(merged);
  }
}

__global__ __launch_bounds__(256) void subtract_lse(LabelIndex index, int rows, const double* lse,
                                                    float* logp) {
  const int entry = int(blockIdx.x) * 256 + int(threadIdx.x);
  if (entry >= index.offsets[rows]) return;
  float& x = logp[index.order[entry]];
  x = log_probability(x, lse[index.rows[entry]]);
}

// linear_logprob or linear_logprob_expectation, whose first tensors are the same; rounded_lse: [rows].
template <class T>
int32_t forward(const sj_call& call, const Forward& f, float* rounded_lse, Context& context,
                sj_error* error) {
  using namespace ops::linear_logprob;
  if (const int32_t code =
          index_labels(context, f.index, sj_op(call.op), ROWS, LABELS, data<const int32_t>(call, ROWS),
                       data<const int32_t>(call, LABELS), f.labels, f.rows, f.vocabulary, error))
    return code;
  float* logp = data<float>(call, LOGP);
  for (int64_t row = 0; row < f.rows; row += f.wave) {
    const int rows = int(std::min(f.wave, f.rows - row));
    if (const int32_t code =
            head_logits(context, Operand<T>{data<const T>(call, H) + row * f.depth, f.depth, rows},
                        Operand<T>{data<const T>(call, W), f.depth, int(f.vocabulary)}, f.depth,
                        {f.parts, nullptr, &f.index, int(row), logp}, error))
      return code;
    if (const int32_t code = context.launch(merge_rows, dim3(blocks_for(rows, 4)), dim3(128), 0, error,
                                            f.parts, rows, int(f.strips), f.lse + row, rounded_lse + row))
      return code;
  }
  if (f.labels == 0) return SJ_OK;
  return context.launch(subtract_lse, dim3(blocks_for(f.labels, 256)), dim3(256), 0, error, f.index,
                        int(f.rows), f.lse, logp);
}

constexpr int64_t kWave = 2048;  // backward: rows of a wave
// Columns of P at most. dh adds chunk to chunk: in float32 one long chain over the vocabulary would lose most
// of its small probabilities, in bf16 the rounding of P is larger.
constexpr int64_t kChunk = 8192, kFloatChunk = 1536;
constexpr int64_t kChunkBytes = int64_t{16} << 20;  // P

// What the products of P in waves of rows and chunks of the vocabulary work in.
struct Products {
  int64_t wave, chunk;
  float* coefficient;  // [entries] at the first of a row's equal labels: p
  double* rest;        // [wave] sums of p without the labels
  float* rest_parts;   // [wave, strips of a chunk]
  char* p;             // [wave, chunk] -G p

  Products(int64_t rows, int64_t labels, int64_t vocabulary, int64_t bytes, Carver& s)
      : wave(std::min(rows, kWave)) {
    const int64_t fitting = kChunkBytes / bytes / std::max<int64_t>(1, wave) / 256 * 256;
    chunk = std::min({round_up(vocabulary, 256), bytes == 4 ? kFloatChunk : kChunk, fitting});
    coefficient = s.take<float>(labels);
    rest = s.take<double>(wave);
    rest_parts = s.take<float>(wave * (chunk / gemm::kStrip));
    p = s.take<char>(wave * chunk * bytes);
  }
};

struct Backward {
  Carver s;
  int64_t rows, depth, vocabulary, labels;
  bool need_dh;
  float* grad_w;
  LabelIndex index;
  float* total;  // [rows] G
  Products products;
  float* dh;  // [wave, depth]

  Backward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_logprob_backward::H, 0)),
        depth(dim(call, ops::linear_logprob_backward::H, 1)),
        vocabulary(dim(call, ops::linear_logprob_backward::W, 0)),
        labels(dim(call, ops::linear_logprob_backward::LABELS, 0)),
        need_dh(call.numbers[ops::linear_logprob_backward::NEED_DH] != 0),
        grad_w(data<float>(call, ops::linear_logprob_backward::GRAD_W)),
        index(rows, labels, s),
        total(s.take<float>(rows)),
        products(rows, labels, vocabulary, int64_t(element_bytes(call, ops::linear_logprob_backward::H)), s),
        dh(s.take<float>(need_dh ? products.wave * depth : 0)) {}
};

// P of a tile: the labels' columns taken out, their probabilities kept.
template <class T>
struct Probabilities {
  LabelIndex index;
  gemm::Output<T> p;  // its columns: padded with zeros
  int row0, column0, width, strips;
  const float *lse, *total;  // of all rows
  float *coefficient, *rest;

  template <class F>
  __device__ void operator()(F& f) const {
    visit_labels(f, index, row0, p.rows, column0, [&](int entry, float& logit) {
      coefficient[entry] = exponential<T>(logit - lse[index.rows[entry]]);
      logit = -INFINITY;  // the same label again finds probability 0
    });
#pragma unroll
    for (int i = 0; i < F::kRows; i++) {
      const int row = f.row(i);
      const float its_lse = row < p.rows ? lse[row0 + row] : 0.0f;
      const float scale = row < p.rows ? -total[row0 + row] : 0.0f;
#pragma unroll
      for (int first = 0; first < F::kColumns; first += F::kStripValues) {
        float sum = 0;
#pragma unroll
        for (int j = first; j < first + F::kStripValues; j++) {
          const float e = f.column(j) < width ? exponential<T>(f.at(i, j) - its_lse) : 0.0f;
          sum += e;
          f.at(i, j) = scale * e;
        }
        sum = row_sum<F>(sum);
        const int strip = f.column(first) / gemm::kStrip;
        if (f.lane % F::kLanes == 0 && row < p.rows && strip < strips)
          rest[int64_t(row) * strips + strip] = sum;
      }
      p.write(f, i, [&](int j) { return f.at(i, j); });
    }
  }
};

__global__ __launch_bounds__(256) void sum_dlogp(LabelIndex index, int rows, const float* dlogp,
                                                 float* total) {
  const int row = int(blockIdx.x) * 256 + int(threadIdx.x);
  if (row >= rows) return;
  double sum = 0;
  for (int e = index.offsets[row]; e < index.offsets[row + 1]; e++) sum += dlogp[index.order[e]];
  total[row] = float(sum);
}

// A warp a row: the chunk's probabilities join those of the chunks before.
__global__ __launch_bounds__(128) void add_rest(const float* parts, int rows, int strips, bool first,
                                                double* rest) {
  const int row = int(blockIdx.x) * 4 + int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
  if (row >= rows) return;
  double sum = 0;
  for (int s = lane; s < strips; s += 32) sum += parts[int64_t(row) * strips + s];
  sum = warp_sum(sum);
  if (lane == 0) rest[row] = first ? sum : rest[row] + sum;
}

// Turns the labels' p of a wave of rows into coefficients; the entries of repeated labels become 0.
template <class R>
__global__ __launch_bounds__(128) void label_coefficients(LabelIndex index, int row0, int rows,
                                                          const float* dlogp, const float* total,
                                                          const R* rest, float* coefficient) {
  const int r = int(blockIdx.x) * 128 + int(threadIdx.x);
  if (r >= rows) return;
  const int first = index.offsets[row0 + r], last = index.offsets[row0 + r + 1];
  const float its_total = total[row0 + r];
  double own = 0;
  for (int e = first; e < last; e++) own += coefficient[e];
  for (int e = first, next; e < last; e = next) {
    double g = 0;
    for (next = e; next < last && index.labels[next] == index.labels[e]; next++) {
      g += dlogp[index.order[next]];
      if (next > e) coefficient[next] = 0;
    }
    const double others = rest[r] + (own - coefficient[e]);
    coefficient[e] = float((float(g) - its_total) + its_total * others);
  }
}

// dh of a row: the products' sum (times -total[row], where given) and its labels' rows of W, rounded once.
template <class T>
__global__ __launch_bounds__(256) void store_dh(LabelIndex index, int row0, const float* sums,
                                                const float* total, const T* w, int depth,
                                                const float* coefficient, T* dh) {
  const int row = row0 + int(blockIdx.x), first = index.offsets[row], last = index.offsets[row + 1];
  for (int k = int(threadIdx.x); k < depth; k += 256) {
    float sum = sums[int64_t(blockIdx.x) * depth + k];
    if (total) sum *= -total[row];
    for (int e = first; e < last; e++)
      sum = fused(coefficient[e], to_float(w[int64_t(index.labels[e]) * depth + k]), sum);
    dh[int64_t(row) * depth + k] = from_float<T>(sum);
  }
}

// grad_w[label] += the sum over the label's entries, ascending, of coefficient h[row]: the block of its first
// entry sees to all of them.
template <class T>
__global__ __launch_bounds__(256) void add_label_rows(LabelIndex index, int rows, const T* h, int depth,
                                                      const float* coefficient, float* grad_w) {
  SHARED(unsigned, matches, 8);
  const int entries = index.offsets[rows], entry = int(blockIdx.x), thread = int(threadIdx.x);
  if (entry >= entries) return;
  const int label = index.labels[entry];
  float* to = grad_w + int64_t(label) * depth;
  for (int first = 0; first < entries; first += 256) {
    const bool match = first + thread < entries && index.labels[first + thread] == label;
    const unsigned found = __ballot_sync(kAllLanes, match);
    __syncthreads();
    if (thread % 32 == 0) matches[thread / 32] = found;
    __syncthreads();
    for (int w = 0; w < 8; w++)
      for (unsigned left = matches[w]; left; left &= left - 1) {
        const int e = first + 32 * w + __ffs(int(left)) - 1;
        if (e < entry) return;  // another block's
        const float scale = coefficient[e];
        const T* from = h + int64_t(index.rows[e]) * depth;
        for (int k = thread; k < depth; k += 256) to[k] = fused(scale, to_float(from[k]), to[k]);
      }
  }
}

// The factors of the products, and where they go.
template <class T>
struct Factors {
  const T *h, *w;
  int64_t rows, depth, vocabulary;
  const float *lse, *total;  // [rows]
};

// sums [rows of the wave, depth] = P W and grad_w += P^T h (null: not wanted) of one wave, and the rest of
// its rows.
template <class T>
int32_t multiply_wave(const Factors<T>& of, const LabelIndex& index, const Products& b, int64_t row0,
                      float* sums, float* grad_w, Context& context, sj_error* error) {
  const int rows = int(std::min(b.wave, of.rows - row0));
  T* p = reinterpret_cast<T*>(b.p);
  const Operand<T> h{of.h + row0 * of.depth, of.depth, rows};
  for (int64_t column0 = 0; column0 < of.vocabulary; column0 += b.chunk) {
    const int width = int(std::min(b.chunk, of.vocabulary - column0)), strips = int(strip_count(width));
    const Operand<T> part{of.w + column0 * of.depth, of.depth, width};
    const Probabilities<T> epilogue{index,         {p, b.chunk, rows, int(b.chunk)},
                                    int(row0),     int(column0),
                                    width,         strips,
                                    of.lse,        of.total,
                                    b.coefficient, b.rest_parts};
    if (const int32_t code = head_product(context, h, part, of.depth, epilogue, error)) return code;
    if (const int32_t code = context.launch(add_rest, dim3(blocks_for(rows, 4)), dim3(128), 0, error,
                                            b.rest_parts, rows, strips, column0 == 0, b.rest))
      return code;
    if (sums)
      if (const int32_t code = gemm::accumulate_product(
              context, Operand<T>{p, b.chunk, rows}, Operand<T>{part.data, of.depth, int(of.depth)}, width,
              {sums, of.depth, rows, int(of.depth)}, column0 > 0, error))
        return code;
    if (grad_w)
      if (const int32_t code = gemm::add_transposed_product(
              context, Operand<T>{p, b.chunk, width}, Operand<T>{h.data, of.depth, int(of.depth)}, rows,
              {grad_w + column0 * of.depth, of.depth, width, int(of.depth)}, error))
        return code;
  }
  return SJ_OK;
}

template <class T>
int32_t backward_wave(const sj_call& call, const Backward& b, int64_t row0, Context& context,
                      sj_error* error) {
  using namespace ops::linear_logprob_backward;
  const int rows = int(std::min(b.products.wave, b.rows - row0));
  const Factors<T> factors{data<const T>(call, H), data<const T>(call, W),       b.rows, b.depth,
                           b.vocabulary,           data<const float>(call, LSE), b.total};
  if (const int32_t code = multiply_wave(factors, b.index, b.products, row0, b.need_dh ? b.dh : nullptr,
                                         b.grad_w, context, error))
    return code;
  if (const int32_t code = context.launch(label_coefficients<double>, dim3(blocks_for(rows, 128)), dim3(128),
                                          0, error, b.index, int(row0), rows, data<const float>(call, DLOGP),
                                          b.total, b.products.rest, b.products.coefficient))
    return code;
  if (!b.need_dh) return SJ_OK;
  return context.launch(store_dh<T>, dim3(unsigned(rows)), dim3(256), 0, error, b.index, int(row0), b.dh,
                        static_cast<const float*>(nullptr), factors.w, int(b.depth), b.products.coefficient,
                        data<T>(call, DH));
}

template <class T>
int32_t backward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::linear_logprob_backward;
  const Backward b(call, call.workspace);
  if (b.rows == 0) return SJ_OK;
  if (const int32_t code = index_labels(context, b.index, SJ_OP_linear_logprob_backward, ROWS, LABELS,
                                        data<const int32_t>(call, ROWS), data<const int32_t>(call, LABELS),
                                        b.labels, b.rows, b.vocabulary, error))
    return code;
  if (const int32_t code = context.launch(sum_dlogp, dim3(blocks_for(b.rows, 256)), dim3(256), 0, error,
                                          b.index, int(b.rows), data<const float>(call, DLOGP), b.total))
    return code;
  for (int64_t row0 = 0; row0 < b.rows; row0 += b.products.wave)
    if (const int32_t code = backward_wave<T>(call, b, row0, context, error)) return code;
  if (!b.grad_w || b.labels == 0) return SJ_OK;
  return context.launch(add_label_rows<T>, dim3(unsigned(b.labels)), dim3(256), 0, error, b.index,
                        int(b.rows), data<const T>(call, H), int(b.depth), b.products.coefficient, b.grad_w);
}

struct Mean {
  Forward f;
  float *lse, *total;  // [rows]
  Products products;

  Mean(const sj_call& call, void* memory)
      : f(call, memory),
        lse(f.s.take<float>(f.rows)),
        total(f.s.take<float>(f.rows)),
        products(f.rows, f.labels, f.vocabulary,
                 int64_t(element_bytes(call, ops::linear_logprob_expectation::H)), f.s) {}
};

__global__ __launch_bounds__(256) void fill_total(int rows, float value, float* total) {
  const int row = int(blockIdx.x) * 256 + int(threadIdx.x);
  if (row < rows) total[row] = value;
}

__global__ __launch_bounds__(256) void round_rest(int rows, const double* rest, float* rounded) {
  const int row = int(blockIdx.x) * 256 + int(threadIdx.x);
  if (row < rows) rounded[row] = float(rest[row]);
}

template <class T>
int32_t forward_mean(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::linear_logprob_expectation;
  const Mean m(call, call.workspace);
  if (m.f.rows == 0) return SJ_OK;
  if (const int32_t code = forward<T>(call, m.f, m.lse, context, error)) return code;
  if (const int32_t code = context.launch(fill_total, dim3(blocks_for(m.f.rows, 256)), dim3(256), 0, error,
                                          int(m.f.rows), -1.0f, m.total))
    return code;
  const Factors<T> factors{
      data<const T>(call, H), data<const T>(call, W), m.f.rows, m.f.depth, m.f.vocabulary, m.lse, m.total};
  for (int64_t row0 = 0; row0 < m.f.rows; row0 += m.products.wave) {
    const int rows = int(std::min(m.products.wave, m.f.rows - row0));
    float* mean = data<float>(call, MEAN) + row0 * m.f.depth;
    if (const int32_t code =
            multiply_wave(factors, m.f.index, m.products, row0, mean, nullptr, context, error))
      return code;
    if (const int32_t code = context.launch(round_rest, dim3(blocks_for(rows, 256)), dim3(256), 0, error,
                                            rows, m.products.rest, data<float>(call, REST) + row0))
      return code;
  }
  return SJ_OK;
}

struct MeanBackward {
  Carver s;
  int64_t rows, depth, vocabulary, labels;
  LabelIndex index;
  float *total, *coefficient;

  MeanBackward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_logprob_expectation_backward::MEAN, 0)),
        depth(dim(call, ops::linear_logprob_expectation_backward::MEAN, 1)),
        vocabulary(dim(call, ops::linear_logprob_expectation_backward::W, 0)),
        labels(dim(call, ops::linear_logprob_expectation_backward::LABELS, 0)),
        index(rows, labels, s),
        total(s.take<float>(rows)),
        coefficient(s.take<float>(labels)) {}
};

// p of the first of a row's equal labels, 0 for the others.
__global__ __launch_bounds__(256) void label_probabilities(LabelIndex index, int rows, const float* logp,
                                                           float* coefficient) {
  const int entry = int(blockIdx.x) * 256 + int(threadIdx.x);
  if (entry >= index.offsets[rows]) return;
  const bool again =
      entry > index.offsets[index.rows[entry]] && index.labels[entry] == index.labels[entry - 1];
  coefficient[entry] = again ? 0.0f : expf(logp[index.order[entry]]);
}

template <class T>
int32_t backward_mean(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::linear_logprob_expectation_backward;
  const MeanBackward b(call, call.workspace);
  if (b.rows == 0) return SJ_OK;
  const float* dlogp = data<const float>(call, DLOGP);
  if (const int32_t code =
          index_labels(context, b.index, SJ_OP_linear_logprob_expectation_backward, ROWS, LABELS,
                       data<const int32_t>(call, ROWS), data<const int32_t>(call, LABELS), b.labels, b.rows,
                       b.vocabulary, error))
    return code;
  if (const int32_t code = context.launch(sum_dlogp, dim3(blocks_for(b.rows, 256)), dim3(256), 0, error,
                                          b.index, int(b.rows), dlogp, b.total))
    return code;
  if (b.labels > 0)
    if (const int32_t code =
            context.launch(label_probabilities, dim3(blocks_for(b.labels, 256)), dim3(256), 0, error, b.index,
                           int(b.rows), data<const float>(call, LOGP), b.coefficient))
      return code;
  if (const int32_t code = context.launch(label_coefficients<float>, dim3(blocks_for(b.rows, 128)), dim3(128),
                                          0, error, b.index, 0, int(b.rows), dlogp, b.total,
                                          data<const float>(call, REST), b.coefficient))
    return code;
  return context.launch(store_dh<T>, dim3(unsigned(b.rows)), dim3(256), 0, error, b.index, 0,
                        data<const float>(call, MEAN), b.total, data<const T>(call, W), int(b.depth),
                        b.coefficient, data<T>(call, DH));
}

}  // namespace

size_t workspace_linear_logprob(const sj_call& call) { return Forward(call, nullptr).s.bytes(); }

int32_t run_linear_logprob(const sj_call& call, Context& context, sj_error* error) {
  const Forward f(call, call.workspace);
  float* lse = data<float>(call, ops::linear_logprob::LSE);
  return with_float_type(call, ops::linear_logprob::H,
                         [&](auto type) { return forward<decltype(type)>(call, f, lse, context, error); });
}

size_t workspace_linear_logprob_backward(const sj_call& call) { return Backward(call, nullptr).s.bytes(); }

int32_t run_linear_logprob_backward(const sj_call& call, Context& context, sj_error* error) {
  return with_float_type(call, ops::linear_logprob_backward::H,
                         [&](auto type) { return backward<decltype(type)>(call, context, error); });
}

size_t workspace_linear_logprob_expectation(const sj_call& call) { return Mean(call, nullptr).f.s.bytes(); }

int32_t run_linear_logprob_expectation(const sj_call& call, Context& context, sj_error* error) {
  return with_float_type(call, ops::linear_logprob_expectation::H,
                         [&](auto type) { return forward_mean<decltype(type)>(call, context, error); });
}

size_t workspace_linear_logprob_expectation_backward(const sj_call& call) {
  return MeanBackward(call, nullptr).s.bytes();
}

int32_t run_linear_logprob_expectation_backward(const sj_call& call, Context& context, sj_error* error) {
  return with_float_type(call, ops::linear_logprob_expectation_backward::W,
                         [&](auto type) { return backward_mean<decltype(type)>(call, context, error); });
}

}  // namespace selfjudge::cuda
