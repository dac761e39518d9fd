// The low-rank adapters of linear and its backward as kernels see them, their dropout, and the epilogue that
// adds them to a product.
#pragma once
#include <cmath>

#include "../../include/ops/linear.h"
#include "gemm/output.cuh"
#include "launch.h"
#include "philox.cuh"
#include "swiglu.cuh"

namespace selfjudge::cuda {

// Dropout of an adapter's input, keyed by the row's own path: see ops/linear.h.
struct Dropout {
  const int32_t* row_keys;  // [rows, 2]; null: off
  uint32_t threshold, seed, step, module;
  float scale;  // of what is kept

  // Bit i: element (row, 4 * quad + i) is kept.
  __device__ __forceinline__ unsigned kept(int row, int quad) const {
    const uint4 x = philox4x32(seed, step,
                               {module, uint32_t(row_keys[2 * int64_t(row)]),
                                uint32_t(row_keys[2 * int64_t(row) + 1]), uint32_t(quad)});
    return unsigned(x.x >= threshold) | unsigned(x.y >= threshold) << 1 | unsigned(x.z >= threshold) << 2 |
           unsigned(x.w >= threshold) << 3;
  }
};

struct Adapter {
  const float *a, *b;  // [rank, k], [n, rank]; null: absent
  int rank, start, rows;
  float scale;
  Dropout dropout;

  bool active() const { return a && b && rows > 0; }
};

// The layout of numbers is the same in linear and linear_backward; the slots of the tensors differ.
inline Adapter read_adapter(const sj_call& call, int i, int a, int b, int row_keys) {
  using namespace ops::linear;
  const double* n = call.numbers + i * (SCALE1 - SCALE0);
  Adapter adapter{};
  adapter.a = data<const float>(call, a);
  adapter.b = data<const float>(call, b);
  adapter.rank = adapter.a ? int(dim(call, a, 0)) : 0;
  adapter.start = int(n[START0]);
  adapter.rows = int(n[ROWS0]);
  adapter.scale = float(n[SCALE0]);
  if (n[P0] > 0)
    adapter.dropout = {data<const int32_t>(call, row_keys),
                       uint32_t(std::ceil(n[P0] * 4294967296.0)),
                       uint32_t(call.numbers[SEED]),
                       uint32_t(call.numbers[STEP]),
                       uint32_t(n[MODULE0]),
                       float(1 / (1 - n[P0]))};
  return adapter;
}

inline int32_t check_adapter(const sj_call& call, const char* op, int i, const Adapter& adapter, int64_t rows,
                             sj_error* error) {
  using namespace ops::linear;
  if (!adapter.active()) return SJ_OK;
  if (int64_t(adapter.start) + adapter.rows > rows)
    return fail(error, SJ_INVALID, "[%s] start%d + rows%d: expected at most %lld, received %lld", op, i, i,
                (long long)rows, (long long)adapter.start + adapter.rows);
  if (call.numbers[P0 + i * (SCALE1 - SCALE0)] > 0 && !adapter.dropout.row_keys)
    return fail(error, SJ_INVALID, "[%s] row_keys: expected a tensor with p%d > 0, received none", op, i);
  return SJ_OK;
}

// scale left[row - start] right[column] on rows [start, start + rows), rank ascending; left is [rows, rank].
struct LowRank {
  const float* left;  // null: absent
  const float* right;
  int column_stride, rank_stride;  // of right
  int rank, start, rows;
  float scale;
  Dropout dropout;  // on (row, column) of the result
};

// z = C + bias + low-rank terms in float32, rounded once; y = z, or act(gate) z.
template <class T>
struct AddLowRank {
  gemm::Output<T> y;
  const T* bias;  // null: absent
  LowRank terms[2];
  const T* gate = nullptr;  // of y's shape; null: absent
  int activation = ops::SILU;

  template <class F>
  __device__ void operator()(F& f) const {
    if (bias) {
#pragma unroll
      for (int j = 0; j < F::kColumns; j++) {
        const float b = f.column(j) < y.columns ? to_float(bias[f.column(j)]) : 0.0f;
#pragma unroll
        for (int i = 0; i < F::kRows; i++) f.at(i, j) += b;
      }
    }
#pragma unroll 1
    for (int t = 0; t < 2; t++) add(f, terms[t]);
    if (gate) apply_gate(f);
#pragma unroll
    for (int i = 0; i < F::kRows; i++) y.write(f, i, [&](int j) { return f.at(i, j); });
  }

 private:
  template <class F>
  __device__ __forceinline__ void apply_gate(F& f) const {
#pragma unroll
    for (int i = 0; i < F::kRows; i++) {
      const T* row = gate + int64_t(f.row(i)) * y.stride;
#pragma unroll
      for (int j = 0; j < F::kColumns; j++)
        if (f.row(i) < y.rows && f.column(j) < y.columns)
          f.at(i, j) = swiglu(activation, to_float(row[f.column(j)]), to_float(from_float<T>(f.at(i, j))));
    }
  }

  template <class F>
  __device__ __forceinline__ void add(F& f, const LowRank& term) const {
    const int last = min(f.warp_row + F::kWarpRows, y.rows);
    if (!term.left || last <= term.start || f.warp_row >= term.start + term.rows) return;
    constexpr int kWords = (F::kRows * F::kColumns + 31) / 32;
    uint32_t kept[kWords];
    float scale = term.scale;
#pragma unroll
    for (int w = 0; w < kWords; w++) kept[w] = 0xffffffffu;
    if (term.dropout.row_keys) {
      scale *= term.dropout.scale;
      draw(f, term, kept);
    }
#pragma unroll 1
    for (int r = 0; r < term.rank; r++) {
      float right[F::kColumns];
#pragma unroll
      for (int j = 0; j < F::kColumns; j++)
        right[j] = f.column(j) < y.columns
                       ? term.right[f.column(j) * term.column_stride + r * term.rank_stride]
                       : 0.0f;
#pragma unroll
      for (int i = 0; i < F::kRows; i++) {
        const int row = f.row(i) - term.start;
        if (row < 0 || row >= term.rows) continue;
        const float left = scale * term.left[row * term.rank + r];
#pragma unroll
        for (int j = 0; j < F::kColumns; j++) {
          const int bit = i * F::kColumns + j;
          if (kept[bit / 32] >> bit % 32 & 1) f.at(i, j) = fused(left, right[j], f.at(i, j));
        }
      }
    }
  }

  template <class F>
  __device__ __forceinline__ void draw(const F& f, const LowRank& term, uint32_t* kept) const {
#pragma unroll
    for (int i = 0; i < F::kRows; i++) {
      const int row = f.row(i);
      const bool inside = row >= term.start && row < term.start + term.rows;
#pragma unroll
      for (int j = 0; j < F::kColumns; j += F::kRun) {
        const int bit = i * F::kColumns + j;
        const unsigned quad = inside ? term.dropout.kept(row, f.column(j) / 4) : 0;
        constexpr unsigned kRun = (1u << F::kRun) - 1;
        kept[bit / 32] &= ~(kRun << bit % 32) | (quad >> f.column(j) % 4 & kRun) << bit % 32;
      }
    }
  }
};

}  // namespace selfjudge::cuda
