// Forward attention in float32 throughout: float32 tensors, and bf16 of widths the tensor cores do not take.
// A block of 16 x 16 threads takes 16 R query vectors: thread (y, x) has vectors R y .. of them, keys x, x +
// 16, x + 32, x + 48 of a chunk for the scores, and an R x D / 16 piece of the output. Where keys come from
// is the Source's matter; a row's arithmetic does not depend on it, nor on R.
#pragma once
#include <type_traits>

#include "attention_plan.h"
#include "attention_softmax.cuh"
#include "kernel.h"
#include "reduce.cuh"

namespace selfjudge::cuda {

inline constexpr int kSimtThreads = 256;
inline constexpr int kWidest = 256;  // of a head

// Columns of a thread's piece of an output row of D: groups of up to 4, each group's 16 threads side by side.
template <int D>
struct Columns {
  static constexpr int kCount = D / 16, kGroup = kCount < 4 ? kCount : 4;
  static __device__ __forceinline__ int at(int x, int i) {
    return (i / kGroup * 16 + x) * kGroup + i % kGroup;
  }
};

// Four values from `x` on of a row of `width`, zeros past it.
template <class T>
__device__ __forceinline__ float4 load_four(const T* row, int x, int width) {
  if (width % 4 == 0) {
    if (x >= width) return {0, 0, 0, 0};
    const Pack<T, 4> p = *reinterpret_cast<const Pack<T, 4>*>(row + x);
    return {to_float(p.at[0]), to_float(p.at[1]), to_float(p.at[2]), to_float(p.at[3])};
  }
  const auto at = [&](int i) { return x + i < width ? to_float(row[x + i]) : 0.0f; };
  return {at(0), at(1), at(2), at(3)};
}
__device__ __forceinline__ float4 four(const float* p) { return *reinterpret_cast<const float4*>(p); }
__device__ __forceinline__ void store_four(float* p, float4 x) { *reinterpret_cast<float4*>(p) = x; }

// Rows in shared memory are one float4 longer than D: 8 rows' float4 at one column lie in different banks.
template <int D>
inline constexpr int kFloatStride = D + 4;
inline constexpr int kWeightStride = kKeys + 4;

// The maximum or sum over the 16 threads of a row.
__device__ __forceinline__ float row_max16(float x) {
#pragma unroll
  for (int offset = 8; offset; offset >>= 1) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, offset));
  return x;
}
__device__ __forceinline__ float row_sum16(float x) {
#pragma unroll
  for (int offset = 8; offset; offset >>= 1) x += __shfl_xor_sync(kAllLanes, x, offset);
  return x;
}

// s[i][j] = a[R y + i] . b[x + 16 j] over the first `width` columns, in their order.
template <int D, int R>
__device__ __forceinline__ void dot_products(float (&s)[R][4], const float* a, const float* b, int y, int x,
                                             int width) {
#pragma unroll
  for (int i = 0; i < R; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) s[i][j] = 0;
  }
  for (int c = 0; c < width; c += 4) {
    float4 fb[4];
#pragma unroll
    for (int j = 0; j < 4; j++) fb[j] = four(b + (x + 16 * j) * kFloatStride<D> + c);
#pragma unroll
    for (int i = 0; i < R; i++) {
      const float4 fa = four(a + (R * y + i) * kFloatStride<D> + c);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        s[i][j] = fused(fa.x, fb[j].x, s[i][j]);
        s[i][j] = fused(fa.y, fb[j].y, s[i][j]);
        s[i][j] = fused(fa.z, fb[j].z, s[i][j]);
        s[i][j] = fused(fa.w, fb[j].w, s[i][j]);
      }
    }
  }
}

// o[i] += weights[R y + i] b over the 64 rows of b, in their order.
template <int D, int R>
__device__ __forceinline__ void weigh_rows(float (&o)[R][D / 16], const float* weights, const float* b, int y,
                                           int x) {
  using C = Columns<D>;
  for (int key = 0; key < kKeys; key += 4) {
    float w[R][4];
#pragma unroll
    for (int i = 0; i < R; i++) {
      const float4 at = four(weights + (R * y + i) * kWeightStride + key);
      w[i][0] = at.x, w[i][1] = at.y, w[i][2] = at.z, w[i][3] = at.w;
    }
#pragma unroll
    for (int k = 0; k < 4; k++) {
#pragma unroll
      for (int n = 0; n < C::kCount; n += C::kGroup) {
        const auto piece =
            *reinterpret_cast<const Pack<float, C::kGroup>*>(b + (key + k) * kFloatStride<D> + C::at(x, n));
#pragma unroll
        for (int e = 0; e < C::kGroup; e++) {
#pragma unroll
          for (int i = 0; i < R; i++) o[i][n + e] = fused(w[i][k], piece.at[e], o[i][n + e]);
        }
      }
    }
  }
}

template <int D, int R>
inline constexpr size_t kSimtSmem =
    sizeof(float) * ((16 * R + kKeys) * kFloatStride<D> + 16 * R * kWeightStride);

// Source:
//   int passes()                    chunks or pieces of chunks to visit, ascending for each vector
//   void enter(int p)               called by all threads before what follows
//   SeenKeys seen(int m)            keys that vector m sees
//   float4 key(int r, int x), value(int r, int x)    of key r, zeros past the last key and past the width
//   kKeysFirst                      neighbouring threads had better take neighbouring keys (else columns)
//   float4 query(int m, int x)      of vector m, zeros past the last
//   void store(int m, int x, float) one value of the output
//   void store_log_sum(int m, float)
template <int D, int R, class Source>
__device__ void attend_simt(Source& source, const Scale& scale, int width, float* smem) {
  using C = Columns<D>;
  float *qs = smem, *kv = qs + 16 * R * kFloatStride<D>, *ws = kv + kKeys * kFloatStride<D>;
  const int tid = threadIdx.x, x = tid % 16, y = tid / 16;
  const auto fill = [&](bool values) {
    for (int i = tid; i < kKeys * D / 4; i += kSimtThreads) {
      const bool keys_first = Source::kKeysFirst && !values;
      const int r = keys_first ? i % kKeys : i / (D / 4), at = (keys_first ? i / kKeys : i % (D / 4)) * 4;
      store_four(kv + r * kFloatStride<D> + at, values ? source.value(r, at) : source.key(r, at));
    }
  };
  for (int i = tid; i < 16 * R * D / 4; i += kSimtThreads) {
    const int m = i / (D / 4), at = i % (D / 4) * 4;
    float4 q = source.query(m, at);
    if (scale.negate) q = {-q.x, -q.y, -q.z, -q.w};
    store_four(qs + m * kFloatStride<D> + at, q);
  }
  float o[R][D / 16] = {}, base[R], sum[R] = {};
#pragma unroll
  for (int i = 0; i < R; i++) base[i] = -INFINITY;

  for (int p = 0; p < source.passes(); p++) {
    source.enter(p);
    __syncthreads();
    fill(false);
    __syncthreads();
    float s[R][4];
    dot_products<D, R>(s, qs, kv, y, x, width);
#pragma unroll
    for (int i = 0; i < R; i++) {
      const SeenKeys seen = source.seen(R * y + i);
      float top = -INFINITY;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int key = x + 16 * j;
        if (key < seen.first || key >= seen.end) s[i][j] = -INFINITY;
        top = fmaxf(top, s[i][j]);
      }
      const SoftmaxStep step = advance(base[i], row_max16(top) * scale.factor);
      float chunk_sum = 0;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const float w = weight_of(s[i][j], scale.factor, step.base);
        ws[(R * y + i) * kWeightStride + x + 16 * j] = w;
        chunk_sum += w;
      }
      sum[i] = fused(sum[i], step.keep, row_sum16(chunk_sum));
#pragma unroll
      for (int n = 0; n < C::kCount; n++) o[i][n] *= step.keep;
    }
    __syncthreads();
    fill(true);
    __syncthreads();
    weigh_rows<D, R>(o, ws, kv, y, x);
  }
#pragma unroll
  for (int i = 0; i < R; i++) {
    const int m = R * y + i;
#pragma unroll
    for (int n = 0; n < C::kCount; n++) {
      if (C::at(x, n) < width) source.store(m, C::at(x, n), o[i][n] / sum[i]);
    }
    if (x == 0) source.store_log_sum(m, log_sum(base[i], sum[i]));
  }
}

// f(std::integral_constant<int, D>) for the tile width that holds `width`.
template <class F>
auto with_simt_width(int64_t width, F&& f) {
  if (width <= 16) return f(std::integral_constant<int, 16>{});
  if (width <= 32) return f(std::integral_constant<int, 32>{});
  if (width <= 64) return f(std::integral_constant<int, 64>{});
  if (width <= 128) return f(std::integral_constant<int, 128>{});
  return f(std::integral_constant<int, 256>{});
}

}  // namespace selfjudge::cuda
