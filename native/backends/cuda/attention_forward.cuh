// tree_attention, forward, by tensor cores: a block takes 128 query vectors of one key head, 32 a warp,
// through its passes. Chunks of keys and values are double buffered: the next one is copied while this one is
// used.
#pragma once
#include "attention_mma.cuh"
#include "attention_upload.h"

namespace selfjudge::cuda {

template <class T>
struct TreeAttention {
  const T *q, *k, *v;
  T* o;
  float* lse;
  QueryPlanView plan;
  int heads, key_heads, group, width;
  int window;  // keys that a row sees at most
  Scale scale;
};

inline constexpr int kForwardThreads = 128, kForwardVectors = 128;

template <int D>
inline constexpr size_t kForwardSmem =
    sizeof(bf16) * (kTileSize<D, kForwardVectors> + 4 * kTileSize<D, kKeys>);

template <int D>
__global__ void __launch_bounds__(kForwardThreads, D > 32 ? 2 : 3) attend_mma(TreeAttention<bf16> a) {
  using Keys = RowCopy<D, kKeys, kForwardThreads>;
  using Queries = RowCopy<D, kForwardVectors, kForwardThreads>;
  DYN_SMEM(bf16, smem);
  bf16 *qs = smem, *ks = qs + kTileSize<D, kForwardVectors>, *vs = ks + 2 * kTileSize<D, kKeys>;
  const int g = blockIdx.x % a.key_heads, tid = threadIdx.x, warp = __shfl_sync(kAllLanes, tid / 32, 0),
            lane = tid % 32;
  const QueryTile tile = a.plan.tiles[blockIdx.x / a.key_heads];

  const auto pass_at = [&](int p) { return a.plan.passes[tile.pass + min(p, tile.passes - 1)]; };

  SHARED(QueryRow, vectors, kForwardVectors);  // row -1 past the last, whose position they repeat
  SHARED(int32_t, lists, 2 * kKeys);           // of this pass and the next
  {
    const int v = tile.first + min(tid, tile.count - 1);
    const QueryRow at = a.plan.rows[v / a.group];
    vectors[tid] = {tid < tile.count ? at.row * a.heads + g * a.group + v % a.group : -1, at.position};
    lists[tid] = a.plan.keys[pass_at(tid / kKeys).list * kKeys + tid % kKeys];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < Queries::kSteps; i++) {
    const int v = vectors[Queries::row(tid, i)].row;
    Queries::copy(qs, tid, i, a.q + size_t(max(v, 0)) * a.width, v >= 0, a.width);
  }
  const auto copy_keys = [&](int buffer) {
    const int at = buffer * kTileSize<D, kKeys>;
    copy_listed<Keys>(ks + at, vs + at, lists + buffer * kKeys, tid, g, a);
  };
  copy_keys(0);
  cp_async_commit();

  const int row = 32 * warp;  // the warp's first vector
  if (a.scale.negate) {
    cp_async_wait<0>();
    __syncthreads();
    negate_rows<D, 32>(qs + row * kStride<D>, lane);
  }
  float o[2][D / 8][4] = {}, base[4];
#pragma unroll
  for (int h = 0; h < 4; h++) base[h] = -INFINITY;
  // Sums are touched once a pass: in shared memory, for registers are what this kernel is short of.
  SHARED(float, sums, 4 * kForwardThreads);
  float* sum = sums + 4 * tid;
#pragma unroll
  for (int h = 0; h < 4; h++) sum[h] = 0;

  // Keys of a pass that the warp's vector 8 h + g sees.
  const auto seen = [&](const Pass& pass, int h) {
    const int m = row + 8 * h + lane / 4;
    return m >= pass.begin && m < pass.end ? seen_keys(vectors[m].position, a.window, pass.chunk)
                                           : SeenKeys{0, 0};
  };

  for (int p = 0; p < tile.passes; p++) {
    bool some = false, all = true;
    {
      const Pass pass = pass_at(p);
#pragma unroll
      for (int h = 0; h < 4; h++) {
        const SeenKeys keys = seen(pass, h);
        some |= keys.end > 0 && keys.first < kKeys;
        all &= keys.end >= kKeys && keys.first <= 0;
      }
    }
    some = vectors[row].row >= 0 && __any_sync(kAllLanes, some);
    const bool whole = __all_sync(kAllLanes, all);
    cp_async_wait<0>();
    __syncthreads();  // this pass is here, and the buffer of the one before is free
    if (p + 1 < tile.passes) copy_keys((p + 1) % 2);
    if (p + 2 < tile.passes && tid < kKeys / 4) {
      cp_async16(lists + p % 2 * kKeys + 4 * tid, a.plan.keys + pass_at(p + 2).list * kKeys + 4 * tid);
    }
    cp_async_commit();
    if (!some) continue;

    const int buffer = p % 2 * kTileSize<D, kKeys>;
    float s[2][8][4] = {};
    products<D, 4>(s, qs, row, ks + buffer, 0, lane);
    if (!whole) {
      const Pass pass =
          pass_at(p);  // read again rather than kept: registers are what this kernel is short of
#pragma unroll
      for (int h = 0; h < 4; h++) mask(s[h / 2], h % 2, seen(pass, h), lane);
    }
    uint32_t weights[2][4][4];
#pragma unroll
    for (int m = 0; m < 2; m++) {
      float keep[2];
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const int h = 2 * m + half;
        const SoftmaxStep step = advance(base[h], row_top(s[m], half) * a.scale.factor);
        sum[h] = fused(sum[h], step.keep, row_weights(s[m], half, a.scale.factor, step.base));
        keep[half] = step.keep;
      }
      scale_rows(o[m], keep[0], keep[1]);
      as_operands(weights[m], s[m]);
    }
    accumulate<D, D / 16>(o, weights, vs + buffer, 0, 0, lane);
  }

#pragma unroll
  for (int m = 0; m < 2; m++) {
    float inverse[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
      const int h = 2 * m + half, v = vectors[row + 8 * h + lane / 4].row;
      const float total = quad_sum(sum[h]);
      inverse[half] = 1.0f / total;
      if (lane % 4 == 0 && v >= 0) a.lse[v] = log_sum(base[h], total);
    }
    scale_rows(o[m], inverse[0], inverse[1]);
    store_rows<D>(o[m], qs, row + 16 * m, a.width, lane, [&](int at) {
      return vectors[at].row >= 0 ? a.o + size_t(vectors[at].row) * a.width : nullptr;
    });
  }
}

}  // namespace selfjudge::cuda
