// tree_attention_backward by tensor cores. With p = exp(scale q k - lse) recomputed from the saved lse and
// delta = sum over x of do o:  dv = p^T do,  ds = p (do v^T - delta),  dq = scale ds k,  dk = scale ds^T q.
// Chunks are taken 32 columns at a time, for there is no maximum to wait for.
#pragma once
#include "attention_mma.cuh"
#include "attention_upload.h"

namespace selfjudge::cuda {

template <class T>
struct AttentionBackward {
  const T *dout, *q, *k, *v;
  const float *lse, *delta;  // [T, H]
  T *dq, *dk, *dv;
  QueryPlanView queries;
  KeyPlanView keys;
  float *parts;  // of dk and dv: [part, key head, 2, keys of a block, D]
  int heads, key_heads, group, width;
  int window;           // keys that a row sees at most
  float scale, factor;  // factor = scale log2 e
};

inline constexpr int kBackwardThreads = 128, kStrip = 32;  // columns at a time

// Pieces of 16 rows of a warp.
template <int D>
inline constexpr int kQueryPieces = D > 96 ? 1 : 2;
template <int D>
inline constexpr int kKeyPieces = D > 64 ? 1 : 2;
template <int D>
inline constexpr int kGradientVectors = 64 * kQueryPieces<D>;
template <int D>
inline constexpr int kGradientKeys = 64 * kKeyPieces<D>;

template <int D>
inline constexpr size_t kQueryGradientSmem =
    sizeof(bf16) * (2 * kTileSize<D, kGradientVectors<D>> + 4 * kTileSize<D, kKeys>);
template <int D>
inline constexpr size_t kKeyGradientSmem =
    sizeof(bf16) * (2 * kTileSize<D, kGradientKeys<D>> + 4 * kTileSize<D, kKeys>);

// dq: a block takes a tile of query vectors through its passes, as the forward does.
template <int D>
__global__ void __launch_bounds__(kBackwardThreads, 2) query_gradients(AttentionBackward<bf16> a) {
  constexpr int M = kQueryPieces<D>, kVectors = kGradientVectors<D>;
  using Keys = RowCopy<D, kKeys, kBackwardThreads>;
  using Queries = RowCopy<D, kVectors, kBackwardThreads>;
  DYN_SMEM(bf16, smem);
  bf16 *qs = smem, *dos = qs + kTileSize<D, kVectors>, *ks = dos + kTileSize<D, kVectors>;
  bf16 *vs = ks + 2 * kTileSize<D, kKeys>;
  const int g = blockIdx.x % a.key_heads, tid = threadIdx.x, warp = tid / 32, lane = tid % 32;
  const QueryTile tile = a.queries.tiles[blockIdx.x / a.key_heads];
  const auto pass_at = [&](int p) { return a.queries.passes[tile.pass + min(p, tile.passes - 1)]; };

  SHARED(QueryRow, vectors, kVectors);
  SHARED(int32_t, lists, 2 * kKeys);
  if (tid < kVectors) {
    const int v = tile.first + min(tid, tile.count - 1);
    const QueryRow at = a.queries.rows[v / a.group];
    vectors[tid] = {at.row * a.heads + g * a.group + v % a.group, at.position};
  }
  lists[tid] = a.queries.keys[pass_at(tid / kKeys).list * kKeys + tid % kKeys];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < Queries::kSteps; i++) {
    const int m = Queries::row(tid, i);
    const size_t at = size_t(vectors[m].row) * a.width;
    Queries::copy(qs, tid, i, a.q + at, m < tile.count, a.width);
    Queries::copy(dos, tid, i, a.dout + at, m < tile.count, a.width);
  }
  const auto copy_keys = [&](int buffer) {
    const int at = buffer * kTileSize<D, kKeys>;
    copy_listed<Keys>(ks + at, vs + at, lists + buffer * kKeys, tid, g, a);
  };
  copy_keys(0);
  cp_async_commit();

  const int row = 16 * M * warp;  // the warp's first vector
  float lse[2 * M], delta[2 * M];
#pragma unroll
  for (int h = 0; h < 2 * M; h++) {
    const int at = vectors[row + 8 * h + lane / 4].row;
    lse[h] = a.lse[at] * float(kLog2e);
    delta[h] = a.delta[at];
  }
  float dq[M][D / 8][4] = {};

  for (int p = 0; p < tile.passes; p++) {
    const Pass now = pass_at(p);
    cp_async_wait<0>();
    __syncthreads();  // this pass is here, and the buffer of the one before is free
    if (p + 1 < tile.passes) copy_keys((p + 1) % 2);
    if (p + 2 < tile.passes && tid < kKeys / 4) {
      cp_async16(lists + p % 2 * kKeys + 4 * tid, a.queries.keys + pass_at(p + 2).list * kKeys + 4 * tid);
    }
    cp_async_commit();
    const bf16 *k = ks + p % 2 * kTileSize<D, kKeys>, *v = vs + p % 2 * kTileSize<D, kKeys>;
    SeenKeys seen[2 * M];
    int least = kKeys, most = 0;
#pragma unroll
    for (int h = 0; h < 2 * M; h++) {
      const int m = row + 8 * h + lane / 4;
      seen[h] = {0, 0};
      if (m < now.begin || m >= now.end) continue;
      seen[h] = seen_keys(vectors[m].position, a.window, now.chunk);
      least = min(least, max(seen[h].first, 0));
      most = max(most, seen[h].end);
    }
    if (row >= tile.count) continue;
    least = __reduce_min_sync(kAllLanes, least);
    most = __reduce_max_sync(kAllLanes, most);
    for (int strip = least / kStrip * kStrip; strip < min(most, kKeys); strip += kStrip) {
      float s[M][4][4] = {}, dp[M][4][4] = {};
      products<D, 2>(s, qs, row, k, strip, lane);
      products<D, 2>(dp, dos, row, v, strip, lane);
      uint32_t ds[M][2][4];
#pragma unroll
      for (int m = 0; m < M; m++) {
#pragma unroll
        for (int n = 0; n < 4; n++) {
#pragma unroll
          for (int e = 0; e < 4; e++) {
            const int h = 2 * m + e / 2, key = strip + 8 * n + lane % 4 * 2 + e % 2;
            const bool sees = key >= seen[h].first && key < seen[h].end;
            const float weight = sees ? weight_of(s[m][n][e], a.factor, lse[h]) : 0.0f;
            s[m][n][e] = weight * (dp[m][n][e] - delta[h]);
          }
        }
        as_operands(ds[m], s[m]);
      }
      accumulate<D, D / 16>(dq, ds, k, strip, 0, lane);
    }
  }
#pragma unroll
  for (int m = 0; m < M; m++) {
    scale_rows(dq[m], a.scale, a.scale);
    store_rows<D>(dq[m], qs, row + 16 * m, a.width, lane, [&](int at) {
      return at < tile.count ? a.dq + size_t(vectors[at].row) * a.width : nullptr;
    });
  }
}

// A tile of query vectors of a key task: the run's from `begin` on, at most 64.
struct KeyTile {
  int begin, end, cut;
};
// A task's tiles in order, empty ones past the last.
struct TileWalk {
  const KeyRun *run, *last;
  int begin;
  __device__ TileWalk(const KeyPlanView &plan, const KeyTask &task)
      : run(plan.runs + task.run), last(run + task.runs), begin(run->begin) {}
  __device__ KeyTile next() {
    if (run == last) return {0, 0, 0};
    const KeyTile tile{begin, run->end, run->cut};
    begin += kKeys;
    if (begin >= tile.end && ++run != last) begin = run->begin;
    return tile;
  }
};

// dk and dv: a block takes a block of keys through the query vectors that see any of them, 64 at a time, in
// preorder. Warps split the keys, so each sum is one warp's, in the order of the vectors.
template <int D>
__global__ void __launch_bounds__(kBackwardThreads, 2) key_gradients(AttentionBackward<bf16> a) {
  constexpr int M = kKeyPieces<D>, kBlock = kGradientKeys<D>, kVectors = kKeys;
  using Keys = RowCopy<D, kBlock, kBackwardThreads>;
  using Queries = RowCopy<D, kVectors, kBackwardThreads>;
  DYN_SMEM(bf16, smem);
  bf16 *ks = smem, *vs = ks + kTileSize<D, kBlock>, *qs = vs + kTileSize<D, kBlock>;
  bf16 *dos = qs + 2 * kTileSize<D, kVectors>;
  const int g = blockIdx.x % a.key_heads, tid = threadIdx.x, warp = tid / 32, lane = tid % 32;
  const KeyTask task = a.keys.tasks[blockIdx.x / a.key_heads];
  TileWalk walk(a.keys, task);
  KeyTile now = walk.next(), next = walk.next();

  SHARED(QueryRow, vectors, 2 * kVectors);  // of this tile and the next, row -1 past the last
  SHARED(float, lse, 2 * kVectors);
  SHARED(float, delta, 2 * kVectors);
  SHARED(int32_t, lows, 2 * kVectors);                 // the block's first key that a vector sees
  const int depth = a.keys.rows[task.index].position;  // of key 0
  const auto find = [&](const KeyTile &tile, int m) {
    const int v = tile.begin + m;
    if (v >= tile.end) return QueryRow{-1, 0};
    const QueryRow at = a.keys.rows[v / a.group];
    return QueryRow{at.row * a.heads + g * a.group + v % a.group, at.position};
  };
  vectors[tid] = find(tid < kVectors ? now : next, tid % kVectors);
#pragma unroll
  for (int i = 0; i < Keys::kSteps; i++) {
    const int j = Keys::row(tid, i);
    const size_t at = (size_t(task.row + min(j, task.count - 1)) * a.key_heads + g) * a.width;
    Keys::copy(ks, tid, i, a.k + at, j < task.count, a.width);
    Keys::copy(vs, tid, i, a.v + at, j < task.count, a.width);
  }
  __syncthreads();
  const auto copy_queries = [&](int buffer) {
#pragma unroll
    for (int i = 0; i < Queries::kSteps; i++) {
      const int v = vectors[buffer * kVectors + Queries::row(tid, i)].row;
      const size_t at = size_t(max(v, 0)) * a.width;
      Queries::copy(qs + buffer * kTileSize<D, kVectors>, tid, i, a.q + at, v >= 0, a.width);
      Queries::copy(dos + buffer * kTileSize<D, kVectors>, tid, i, a.dout + at, v >= 0, a.width);
    }
    const int v = vectors[buffer * kVectors + tid % kVectors].row;  // past the last: zeros, which add nothing
    float *to = (tid < kVectors ? lse : delta) + buffer * kVectors + tid % kVectors;
    cp_async4(to, (tid < kVectors ? a.lse : a.delta) + max(v, 0), v >= 0);
    if (tid >= kVectors) return;
    lows[buffer * kVectors + tid] = first_key(vectors[buffer * kVectors + tid].position, a.window) - depth;
  };
  copy_queries(0);
  cp_async_commit();

  const int row = 16 * M * warp;  // the warp's first key
  // The first vector that the warp's key 8 h + g is seen by.
  const auto from = [&](int h) { return (task.index + row + 8 * h + lane / 4) * a.group; };
  const int first = (task.index + row) * a.group, all = (task.index + row + 16 * M - 1) * a.group;
  float dk[M][D / 8][4] = {}, dv[M][D / 8][4] = {};

  for (int buffer = 0; now.begin < now.end; buffer ^= 1) {
    const int begin = now.begin;
    cp_async_wait<0>();
    __syncthreads();  // this tile is here, and the buffer of the one before is free
    if (next.begin < next.end) copy_queries(buffer ^ 1);
    cp_async_commit();
    const KeyTile later = walk.next();
    const QueryRow ahead = tid < kVectors ? find(later, tid) : QueryRow{-1, 0};
    const bf16 *q = qs + buffer * kTileSize<D, kVectors>, *dout = dos + buffer * kTileSize<D, kVectors>;
#pragma unroll 2
    for (int strip = 0; strip < kVectors; strip += kStrip) {
      if (row >= task.count || begin + strip + kStrip <= first) continue;
      float s[M][4][4] = {}, dp[M][4][4] = {};
      products<D, 2>(s, ks, row, q, strip, lane);
      products<D, 2>(dp, vs, row, dout, strip, lane);
      const bool whole = begin + strip >= all && !now.cut;
#pragma unroll
      for (int n = 0; n < 4; n++) {
#pragma unroll
        for (int e = 0; e < 2; e++) {
          const int c = strip + 8 * n + lane % 4 * 2 + e;
          const float l = lse[buffer * kVectors + c] * float(kLog2e), d = delta[buffer * kVectors + c];
          const int low = lows[buffer * kVectors + c];
#pragma unroll
          for (int h = 0; h < 2 * M; h++) {
            float &x = s[h / 2][n][h % 2 * 2 + e], &y = dp[h / 2][n][h % 2 * 2 + e];
            const bool sees = begin + c >= from(h) && row + 8 * h + lane / 4 >= low;
            x = whole || sees ? weight_of(x, a.factor, l) : 0.0f;
            y = x * (y - d);
          }
        }
      }
      uint32_t weights[M][2][4], ds[M][2][4];
#pragma unroll
      for (int m = 0; m < M; m++) {
        as_operands(weights[m], s[m]);
        as_operands(ds[m], dp[m]);
      }
      accumulate<D, D / 16>(dv, weights, dout, strip, 0, lane);
      accumulate<D, D / 16>(dk, ds, q, strip, 0, lane);
    }
    if (tid < kVectors) vectors[buffer * kVectors + tid] = ahead;
    now = next;
    next = later;
  }

  const auto store = [&](float(&sum)[M][D / 8][4], bf16 *staging, bf16 *out, int which) {
#pragma unroll
    for (int m = 0; m < M; m++) {
      if (task.part < 0) {
        store_rows<D>(sum[m], staging, row + 16 * m, a.width, lane, [&](int j) {
          return j < task.count ? out + (size_t(task.row + j) * a.key_heads + g) * a.width : nullptr;
        });
        continue;
      }
      float *part = a.parts + ((size_t(task.part) * a.key_heads + g) * 2 + which) * kBlock * D +
                    (row + 16 * m + lane / 4) * D + lane % 4 * 2;
#pragma unroll
      for (int n = 0; n < D / 8; n++) {
        *reinterpret_cast<float2 *>(part + 8 * n) = {sum[m][n][0], sum[m][n][1]};
        *reinterpret_cast<float2 *>(part + 8 * D + 8 * n) = {sum[m][n][2], sum[m][n][3]};
      }
    }
  };
#pragma unroll
  for (int m = 0; m < M; m++) scale_rows(dk[m], a.scale, a.scale);
  store(dk, ks, a.dk, 0);
  store(dv, vs, a.dv, 1);
}

}  // namespace selfjudge::cuda
