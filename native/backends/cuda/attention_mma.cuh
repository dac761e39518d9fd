// Pieces of attention by mma.sync m16n8k16, shared by training, decode and backward so that a row's
// arithmetic is one: tiles in shared memory, the products, a chunk's softmax. `D` is the head width in shared
// memory, the width of the data rounded up; what is past the data is zero.
//
// A warp's accumulator of 16 rows: lane 4 g + t holds columns 8 n + 2 t and the next of rows g (elements 0, 1
// of piece n) and g + 8 (elements 2, 3).
#pragma once
#include <type_traits>

#include "arch/sm80.cuh"
#include "attention_plan.h"
#include "attention_softmax.cuh"
#include "reduce.cuh"

namespace selfjudge::cuda {

// Rows are one 16-byte piece longer than their data: an odd number of pieces keeps ldmatrix free of bank
// conflicts.
template <int D>
inline constexpr int kStride = D + 8;
template <int D, int Rows>
inline constexpr int kTileSize = Rows * kStride<D>;  // elements

// How `Threads` threads share the copying of rows of D values: kSteps rows each, row(i) and row(i) + kRows
// ...
template <int D, int Rows, int Threads>
struct RowCopy {
  static constexpr int kPieces = D / 8;
  static constexpr int kLanes = kPieces % 8 == 0 ? 8 : kPieces % 4 == 0 ? 4 : 2;
  static constexpr int kSteps = (Rows * kLanes + Threads - 1) / Threads;
  static_assert(Rows * kLanes % Threads == 0);
  static __device__ __forceinline__ int row(int thread, int step) {
    return thread / kLanes + step * (Threads / kLanes);
  }
  // Row row(thread, step) of `to` from `from`, zeros where `valid` is false or past `width` values.
  static __device__ __forceinline__ void copy(bf16* to, int thread, int step, const bf16* from, bool valid,
                                              int width) {
    bf16* at = to + row(thread, step) * kStride<D>;
#pragma unroll
    for (int i = 0; i < kPieces / kLanes; i++) {
      const int x = (thread % kLanes + i * kLanes) * 8;
      cp_async16(at + x, from + x, valid && x < width);
    }
  }
};

// Key head `g` of the rows in `list`, keys to `ks` and values to `vs`; zeros where it holds -1.
template <class Keys, class Args>
__device__ __forceinline__ void copy_listed(bf16* ks, bf16* vs, const int* list, int thread, int g,
                                            const Args& a) {
#pragma unroll
  for (int i = 0; i < Keys::kSteps; i++) {
    const int row = list[Keys::row(thread, i)];
    const size_t at = (size_t(max(row, 0)) * a.key_heads + g) * a.width;
    Keys::copy(ks, thread, i, a.k + at, row >= 0, a.width);
    Keys::copy(vs, thread, i, a.v + at, row >= 0, a.width);
  }
}

// A operand, 16 rows by 16 columns from (row, column) of a tile.
template <int D>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], const bf16* tile, int row, int column, int lane) {
  ldmatrix_x4(a, tile + (row + lane % 16) * kStride<D> + column + lane / 16 * 8);
}
// B operand, 16 of k by 16 of n, from a tile whose rows are n: b[0..1] are the first 8 of n, b[2..3] the
// others.
template <int D>
__device__ __forceinline__ void load_b(uint32_t (&b)[4], const bf16* tile, int n, int k, int lane) {
  ldmatrix_x4(b, tile + (n + lane % 8 + lane / 16 * 8) * kStride<D> + k + lane / 8 % 2 * 8);
}
// The same from a tile whose rows are k.
template <int D>
__device__ __forceinline__ void load_b_trans(uint32_t (&b)[4], const bf16* tile, int k, int n, int lane) {
  ldmatrix_x4_trans(b, tile + (k + lane % 16) * kStride<D> + n + lane / 16 * 8);
}

// s[m] += rows [row + 16 m ..] of `a` times rows [first, first + 16 N) of `b`, over D.
template <int D, int N, int M>
__device__ __forceinline__ void products(float (&s)[M][2 * N][4], const bf16* a, int row, const bf16* b,
                                         int first, int lane) {
#pragma unroll
  for (int k = 0; k < D; k += 16) {
    uint32_t fa[M][4], fb[4];
#pragma unroll
    for (int m = 0; m < M; m++) load_a<D>(fa[m], a, row + 16 * m, k, lane);
#pragma unroll
    for (int n = 0; n < N; n++) {
      load_b<D>(fb, b, first + 16 * n, k, lane);
#pragma unroll
      for (int m = 0; m < M; m++) {
        mma_bf16(s[m][2 * n], fa[m], fb[0], fb[1]);
        mma_bf16(s[m][2 * n + 1], fa[m], fb[2], fb[3]);
      }
    }
  }
}

// An accumulator of 16 K columns as A operands, rounded to bf16.
template <int K>
__device__ __forceinline__ void as_operands(uint32_t (&a)[K][4], const float (&s)[2 * K][4]) {
#pragma unroll
  for (int k = 0; k < K; k++) {
    a[k][0] = pack_bf16(s[2 * k][0], s[2 * k][1]);
    a[k][1] = pack_bf16(s[2 * k][2], s[2 * k][3]);
    a[k][2] = pack_bf16(s[2 * k + 1][0], s[2 * k + 1][1]);
    a[k][3] = pack_bf16(s[2 * k + 1][2], s[2 * k + 1][3]);
  }
}

// o[m] += p[m] times columns [column, column + 16 N) of rows [first, first + 16 K) of a tile.
template <int D, int N, int K, int M>
__device__ __forceinline__ void accumulate(float (&o)[M][2 * N][4], const uint32_t (&p)[M][K][4],
                                           const bf16* tile, int first, int column, int lane) {
#pragma unroll
  for (int k = 0; k < K; k++) {
#pragma unroll
    for (int n = 0; n < N; n++) {
      uint32_t b[4];
      load_b_trans<D>(b, tile, first + 16 * k, column + 16 * n, lane);
#pragma unroll
      for (int m = 0; m < M; m++) {
        mma_bf16(o[m][2 * n], p[m][k], b[0], b[1]);
        mma_bf16(o[m][2 * n + 1], p[m][k], b[2], b[3]);
      }
    }
  }
}

// Turns the sign of `Rows` rows from one warp.
template <int D, int Rows>
__device__ __forceinline__ void negate_rows(bf16* rows, int lane) {
  for (int i = lane; i < Rows * D / 2; i += 32) {
    reinterpret_cast<uint32_t*>(rows + i / (D / 2) * kStride<D>)[i % (D / 2)] ^= 0x80008000u;
  }
  __syncwarp();
}

template <int N>
__device__ __forceinline__ void scale_rows(float (&o)[N][4], float upper, float lower) {
#pragma unroll
  for (int n = 0; n < N; n++) {
    o[n][0] *= upper;
    o[n][1] *= upper;
    o[n][2] *= lower;
    o[n][3] *= lower;
  }
}

// Over the four lanes that share a row.
__device__ __forceinline__ float quad_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, 1));
  return fmaxf(x, __shfl_xor_sync(kAllLanes, x, 2));
}
__device__ __forceinline__ float quad_sum(float x) {
  x += __shfl_xor_sync(kAllLanes, x, 1);
  return x + __shfl_xor_sync(kAllLanes, x, 2);
}

// Hides the keys of a chunk that a row does not see; half 0 is row g, half 1 row g + 8.
__device__ __forceinline__ void mask(float (&s)[8][4], int half, SeenKeys seen, int lane) {
#pragma unroll
  for (int n = 0; n < 8; n++) {
#pragma unroll
    for (int e = 0; e < 2; e++) {
      const int key = 8 * n + lane % 4 * 2 + e;
      if (key < seen.first || key >= seen.end) s[n][2 * half + e] = -INFINITY;
    }
  }
}
__device__ __forceinline__ float row_top(const float (&s)[8][4], int half) {
  float top = fmaxf(s[0][2 * half], s[0][2 * half + 1]);
#pragma unroll
  for (int n = 1; n < 8; n++) top = fmaxf(top, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
  return quad_max(top);
}
// Scores to weights; returns the sum of this lane's 16.
__device__ __forceinline__ float row_weights(float (&s)[8][4], int half, float factor, float base) {
  float sum = 0;
#pragma unroll
  for (int n = 0; n < 8; n++) {
    float &x = s[n][2 * half], &y = s[n][2 * half + 1];
    x = weight_of(x, factor, base);
    y = weight_of(y, factor, base);
    sum += x + y;
  }
  return sum;
}

// A warp's 16 rows to a tile, rounded, then out of it in 16-byte pieces: `to` gives the place of a row or
// null.
template <int D, int N, class To>
__device__ __forceinline__ void store_rows(const float (&o)[N][4], bf16* tile, int row, int width, int lane,
                                           To&& to) {
  __syncwarp();  // all lanes have used what lies there
  bf16* upper = tile + (row + lane / 4) * kStride<D> + lane % 4 * 2;
#pragma unroll
  for (int n = 0; n < N; n++) {
    *reinterpret_cast<uint32_t*>(upper + 8 * n) = pack_bf16(o[n][0], o[n][1]);
    *reinterpret_cast<uint32_t*>(upper + 8 * kStride<D> + 8 * n) = pack_bf16(o[n][2], o[n][3]);
  }
  __syncwarp();
  constexpr int kPieces = N;  // of 8 values
  for (int i = lane; i < 16 * kPieces; i += 32) {
    const int r = i / kPieces, x = i % kPieces * 8;
    bf16* out = to(row + r);
    if (out && x < width) {
      *reinterpret_cast<uint4*>(out + x) = *reinterpret_cast<const uint4*>(tile + (row + r) * kStride<D> + x);
    }
  }
}

// Tensor cores take bf16 whose rows are whole 16-byte pieces. The choice never looks at the number of rows.
inline bool by_mma(const sj_call& call, int slot, int64_t width) {
  return is_bf16(call, slot) && width % 8 == 0 && width <= 128;
}
// f(std::integral_constant<int, D>) for the tile width that holds `width`.
template <class F>
auto with_mma_width(int64_t width, F&& f) {
  if (width <= 16) return f(std::integral_constant<int, 16>{});
  if (width <= 32) return f(std::integral_constant<int, 32>{});
  if (width <= 64) return f(std::integral_constant<int, 64>{});
  if (width <= 96) return f(std::integral_constant<int, 96>{});
  return f(std::integral_constant<int, 128>{});
}

}  // namespace selfjudge::cuda
