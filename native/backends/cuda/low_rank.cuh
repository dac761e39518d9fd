// Products with one short side, the rank of an adapter. project: x right^T, one pass over x, each row by one
// warp in an order that depends on depth alone. add_outer: left^T x over rows, in fixed blocks of rows that
// are added in ascending order.
#pragma once
#include <algorithm>

#include "arch/sm80.cuh"
#include "linear_adapters.cuh"
#include "reduce.cuh"

namespace selfjudge::cuda {

inline constexpr int kRanks = 8;  // a block's

// Four neighbours of a row from `column` on, zeros past the end.
template <class T>
__device__ __forceinline__ Pack<float, 4> read_four(const T* row, int column, int columns, bool whole) {
  Pack<float, 4> out;
  if (whole && column < columns) {
    const auto in = *reinterpret_cast<const Pack<T, 4>*>(row + column);
#pragma unroll
    for (int i = 0; i < 4; i++) out.at[i] = to_float(in.at[i]);
  } else {
#pragma unroll
    for (int i = 0; i < 4; i++) out.at[i] = column + i < columns ? to_float(row[column + i]) : 0.0f;
  }
  return out;
}

__device__ __forceinline__ void drop(const Dropout& dropout, int row, int column, Pack<float, 4>& x) {
  const unsigned kept = dropout.kept(row, column / 4);
#pragma unroll
  for (int i = 0; i < 4; i++) x.at[i] = kept >> i & 1 ? x.at[i] * dropout.scale : 0.0f;
}

// Whether rows of `columns` values can be read four at a time.
template <class T>
bool four_at_a_time(const T* x, int64_t columns) {
  return columns % 4 == 0 && reinterpret_cast<uintptr_t>(x) % sizeof(Pack<T, 4>) == 0;
}

template <class T>
struct Projection {
  const T* x;  // [.., depth], `rows` of them from row `start` on
  int start, rows, depth;
  bool whole;          // rows allow four values an access
  const float* right;  // (rank, k) by these strides
  int64_t rank_stride, depth_stride;
  int rank;
  Dropout dropout;
  float* out;  // [rows, rank]
};

// Those of one call's adapters, two a layer: each alone is a launch too short for the GPU to be busy in.
inline constexpr int kProjections = 6;
template <class T>
struct Projections {
  Projection<T> of[kProjections];
  int count;

  void add(const Projection<T>& p) { of[count++] = p; }
};

inline constexpr int kProjectWarps = 8, kProjectRows = 4;  // rows a warp

template <class T>
__global__ __launch_bounds__(32 * kProjectWarps) void project(Projections<T> all) {
  const Projection<T> p = all.of[blockIdx.z];
  constexpr int kStep = 256, kLine = kStep + 4, kThreads = 32 * kProjectWarps;
  SHARED(float, tiles, 2 * kRanks * kLine);
  const int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
  const int row0 = (int(blockIdx.x) * kProjectWarps + warp) * kProjectRows, rank0 = int(blockIdx.y) * kRanks;
  if (int(blockIdx.x) * kProjectWarps * kProjectRows >= p.rows || rank0 >= p.rank) return;
  const int steps = (p.depth + kStep - 1) / kStep;
  auto stage = [&](int step) {
    if (step < steps) {
      for (int i = int(threadIdx.x); i < kRanks * kStep; i += kThreads) {
        const bool along = p.depth_stride == 1;
        const int r = along ? i / kStep : i % kRanks, k = along ? i % kStep : i / kRanks;
        const bool valid = rank0 + r < p.rank && step * kStep + k < p.depth;
        const float* from = p.right + (rank0 + r) * p.rank_stride + (step * kStep + k) * p.depth_stride;
        cp_async4(tiles + (step % 2 * kRanks + r) * kLine + k, valid ? from : p.right, valid);
      }
    }
    cp_async_commit();
  };
  float sums[kProjectRows][kRanks] = {};
  stage(0);
  for (int step = 0; step < steps; step++) {
    stage(step + 1);
    cp_async_wait<1>();
    __syncthreads();
    const float* tile = tiles + step % 2 * kRanks * kLine;
#pragma unroll
    for (int half = 0; half < kStep; half += kStep / 2) {
      const int column = step * kStep + half + 4 * lane;
      Pack<float, 4> x[kProjectRows];
#pragma unroll
      for (int i = 0; i < kProjectRows; i++) {
        const int row = p.start + row0 + i;
        const int columns = row0 + i < p.rows ? p.depth : 0;
        x[i] = read_four(p.x + row * int64_t(p.depth), column, columns, p.whole);
        if (p.dropout.row_keys && column < columns) drop(p.dropout, row, column, x[i]);
      }
#pragma unroll
      for (int r = 0; r < kRanks; r++) {
        const auto right = *reinterpret_cast<const Pack<float, 4>*>(tile + r * kLine + half + 4 * lane);
#pragma unroll
        for (int i = 0; i < kProjectRows; i++)
#pragma unroll
          for (int n = 0; n < 4; n++) sums[i][r] = fused(x[i].at[n], right.at[n], sums[i][r]);
      }
    }
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < kProjectRows; i++)
#pragma unroll
    for (int r = 0; r < kRanks; r++) {
      const float sum = warp_sum(sums[i][r]);
      if (lane == 0 && row0 + i < p.rows && rank0 + r < p.rank)
        p.out[int64_t(row0 + i) * p.rank + rank0 + r] = sum;
    }
}

template <class T>
int32_t project_rows(Context& context, const Projections<T>& all, sj_error* error) {
  if (all.count == 0) return SJ_OK;
  int rows = 0, rank = 0;
  for (int i = 0; i < all.count; i++) {
    rows = std::max(rows, all.of[i].rows);
    rank = std::max(rank, all.of[i].rank);
  }
  const dim3 grid(blocks_for(rows, kProjectWarps * kProjectRows), blocks_for(rank, kRanks),
                  unsigned(all.count));
  return context.launch(project<T>, grid, dim3(32 * kProjectWarps), 0, error, all);
}

template <class T>
struct Outer {
  const float* left;  // [rows, rank]; null: ones
  const T* x;         // [.., columns], `rows` of them from row `start` on
  int start, rows, columns, rank;
  bool whole;
  Dropout dropout;  // of x
  float scale;
  float* out;                          // += at (rank, column) by these strides
  int64_t rank_stride, column_stride;  // of out
  float* parts;                        // [splits, rank, columns]
};

inline constexpr int kOuterThreads = 128, kOuterColumns = 4 * kOuterThreads;
inline int64_t outer_split_rows(int64_t rows) { return round_up(ceil_div(rows, 16), 64); }
inline int64_t outer_splits(int64_t rows) { return rows ? ceil_div(rows, outer_split_rows(rows)) : 0; }

template <class T>
__global__ __launch_bounds__(kOuterThreads) void outer_parts(Outer<T> o, int split_rows) {
  constexpr int kRows = 32;
  SHARED(float, lefts, kRows* kRanks);
  const int column = int(blockIdx.x) * kOuterColumns + 4 * int(threadIdx.x), rank0 = int(blockIdx.y) * kRanks;
  const int first = int(blockIdx.z) * split_rows, last = min(o.rows, first + split_rows);
  float sums[kRanks][4] = {};
  for (int row0 = first; row0 < last; row0 += kRows) {
    const int rows = min(kRows, last - row0);
    __syncthreads();
    for (int i = int(threadIdx.x); i < kRows * kRanks; i += kOuterThreads) {
      const int r = i / kRanks, rank = rank0 + i % kRanks;
      const bool valid = r < rows && rank < o.rank;
      lefts[i] = !valid ? 0.0f : o.left ? o.left[int64_t(row0 + r) * o.rank + rank] : 1.0f;
    }
    __syncthreads();
#pragma unroll 4
    for (int r = 0; r < rows; r++) {
      const int row = o.start + row0 + r;
      auto x = read_four(o.x + row * int64_t(o.columns), column, o.columns, o.whole);
      if (o.dropout.row_keys && column < o.columns) drop(o.dropout, row, column, x);
      float left[kRanks];
#pragma unroll
      for (int n = 0; n < kRanks; n++) left[n] = lefts[r * kRanks + n];
#pragma unroll
      for (int n = 0; n < kRanks; n++)
#pragma unroll
        for (int c = 0; c < 4; c++) sums[n][c] = fused(left[n], x.at[c], sums[n][c]);
    }
  }
#pragma unroll
  for (int n = 0; n < kRanks; n++)
#pragma unroll
    for (int c = 0; c < 4; c++)
      if (rank0 + n < o.rank && column + c < o.columns)
        o.parts[(int64_t(blockIdx.z) * o.rank + rank0 + n) * o.columns + column + c] = sums[n][c];
}

template <class T>
__global__ __launch_bounds__(256) void outer_sum(Outer<T> o, int splits) {
  const int64_t i = int64_t(blockIdx.x) * 256 + threadIdx.x, size = int64_t(o.rank) * o.columns;
  if (i >= size) return;
  float sum = o.parts[i];
  for (int s = 1; s < splits; s++) sum += o.parts[s * size + i];
  float& out = o.out[i / o.columns * o.rank_stride + i % o.columns * o.column_stride];
  out = fused(o.scale, sum, out);
}

template <class T>
int32_t add_outer(Context& context, const Outer<T>& o, sj_error* error) {
  const unsigned splits = unsigned(outer_splits(o.rows));
  if (splits == 0) return SJ_OK;
  const dim3 grid(blocks_for(o.columns, kOuterColumns), blocks_for(o.rank, kRanks), splits);
  if (const int32_t code = context.launch(outer_parts<T>, grid, dim3(kOuterThreads), 0, error, o,
                                          int(outer_split_rows(o.rows))))
    return code;
  return context.launch(outer_sum<T>, dim3(blocks_for(int64_t(o.rank) * o.columns, 256)), dim3(256), 0, error,
                        o, int(splits));
}

}  // namespace selfjudge::cuda
