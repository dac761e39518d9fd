// tree_attention_backward in float32 throughout, on the tiles of attention_simt.cuh: 64 query vectors by 64
// keys.
#pragma once
#include "attention_backward.cuh"
#include "attention_simt.cuh"

namespace selfjudge::cuda {

inline constexpr int kSimtTile = 64, kSimtRows = 4;  // rows of a thread

template <int D>
inline constexpr size_t kSimtBackwardSmem =
    sizeof(float) * (3 * kSimtTile * kFloatStride<D> + kSimtTile * kWeightStride);

// 64 rows of D to shared memory: row r is at `from(r)`, null for zeros.
template <int D, class From>
__device__ __forceinline__ void load_rows(float* to, int width, From&& from) {
  for (int i = threadIdx.x; i < kSimtTile * D / 4; i += kSimtThreads) {
    const int r = i / (D / 4), x = i % (D / 4) * 4;
    const auto* row = from(r);
    store_four(to + r * kFloatStride<D> + x, row ? load_four(row, x, width) : float4{0, 0, 0, 0});
  }
}

template <class T, int D>
__global__ void __launch_bounds__(kSimtThreads, 1) query_gradients_simt(AttentionBackward<T> a) {
  using C = Columns<D>;
  DYN_SMEM(float, smem);
  float *qs = smem, *dos = qs + kSimtTile * kFloatStride<D>, *kv = dos + kSimtTile * kFloatStride<D>;
  float* ws = kv + kSimtTile * kFloatStride<D>;
  const int g = blockIdx.x % a.key_heads, x = threadIdx.x % 16, y = threadIdx.x / 16;
  const QueryTile tile = a.queries.tiles[blockIdx.x / a.key_heads];
  SHARED(QueryRow, vectors, kSimtTile);
  if (threadIdx.x < kSimtTile) {
    const int v = tile.first + min(int(threadIdx.x), tile.count - 1);
    const QueryRow at = a.queries.rows[v / a.group];
    vectors[threadIdx.x] = {at.row * a.heads + g * a.group + v % a.group, at.position};
  }
  __syncthreads();
  const auto vector = [&](const T* from) {
    return [&, from](int m) { return m < tile.count ? from + size_t(vectors[m].row) * a.width : nullptr; };
  };
  load_rows<D>(qs, a.width, vector(a.q));
  load_rows<D>(dos, a.width, vector(a.dout));
  float lse[4], delta[4], dq[4][D / 16] = {};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    lse[i] = a.lse[vectors[4 * y + i].row] * float(kLog2e);
    delta[i] = a.delta[vectors[4 * y + i].row];
  }
  for (int p = 0; p < tile.passes; p++) {
    const Pass pass = a.queries.passes[tile.pass + p];
    const auto key = [&](const T* from) {
      return [&, from](int r) {
        const int row = a.queries.keys[pass.list * kKeys + r];
        return row >= 0 ? from + (size_t(row) * a.key_heads + g) * a.width : nullptr;
      };
    };
    float s[4][4], dp[4][4];
    __syncthreads();
    load_rows<D>(kv, a.width, key(a.v));
    __syncthreads();
    dot_products<D, 4>(dp, dos, kv, y, x, a.width);
    __syncthreads();
    load_rows<D>(kv, a.width, key(a.k));
    __syncthreads();
    dot_products<D, 4>(s, qs, kv, y, x, a.width);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int m = 4 * y + i;
      SeenKeys seen{0, 0};
      if (m >= pass.begin && m < pass.end) seen = seen_keys(vectors[m].position, a.window, pass.chunk);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int key = x + 16 * j;
        const bool sees = key >= seen.first && key < seen.end;
        const float weight = sees ? weight_of(s[i][j], a.factor, lse[i]) : 0.0f;
        ws[m * kWeightStride + x + 16 * j] = weight * (dp[i][j] - delta[i]);
      }
    }
    __syncthreads();
    weigh_rows<D, 4>(dq, ws, kv, y, x);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (4 * y + i >= tile.count) continue;
    T* out = a.dq + size_t(vectors[4 * y + i].row) * a.width;
#pragma unroll
    for (int n = 0; n < C::kCount; n++) {
      if (C::at(x, n) < a.width) out[C::at(x, n)] = from_float<T>(dq[i][n] * a.scale);
    }
  }
}

template <class T, int D>
__global__ void __launch_bounds__(kSimtThreads, 1) key_gradients_simt(AttentionBackward<T> a) {
  using C = Columns<D>;
  DYN_SMEM(float, smem);
  float *ks = smem, *vs = ks + kSimtTile * kFloatStride<D>, *qs = vs + kSimtTile * kFloatStride<D>;
  float* ws = qs + kSimtTile * kFloatStride<D>;
  const int g = blockIdx.x % a.key_heads, tid = threadIdx.x, x = tid % 16, y = tid / 16;
  const KeyTask task = a.keys.tasks[blockIdx.x / a.key_heads];
  SHARED(QueryRow, vectors, kSimtTile);  // row -1 past the last
  SHARED(float2, stats, kSimtTile);      // lse log2 e, delta; zeros past the last, which add nothing
  const auto key = [&](const T* from) {
    return [&, from](int j) {
      return j < task.count ? from + (size_t(task.row + j) * a.key_heads + g) * a.width : nullptr;
    };
  };
  const auto vector = [&](const T* from) {
    return
        [&, from](int m) { return vectors[m].row >= 0 ? from + size_t(vectors[m].row) * a.width : nullptr; };
  };
  load_rows<D>(ks, a.width, key(a.k));
  load_rows<D>(vs, a.width, key(a.v));
  float dk[4][D / 16] = {}, dv[4][D / 16] = {};
  const int depth = a.keys.rows[task.index].position;  // of the block's first key
  TileWalk walk(a.keys, task);
  for (KeyTile tile = walk.next(); tile.begin < tile.end; tile = walk.next()) {
    const int begin = tile.begin;
    if (tid < kSimtTile) {
      const int v = begin + tid;
      QueryRow at{-1, 0};
      if (v < tile.end) at = a.keys.rows[v / a.group];
      if (at.row >= 0) at.row = at.row * a.heads + g * a.group + v % a.group;
      vectors[tid] = at;
      stats[tid] = at.row < 0 ? float2{0, 0} : float2{a.lse[at.row] * float(kLog2e), a.delta[at.row]};
    }
    __syncthreads();
    float s[4][4], dp[4][4];
    load_rows<D>(qs, a.width, vector(a.q));
    __syncthreads();
    dot_products<D, 4>(s, ks, qs, y, x, a.width);
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int c = x + 16 * j;
        const int low = first_key(vectors[c].position, a.window) - depth;  // the block's first key it sees
        const bool sees = begin + c >= (task.index + 4 * y + i) * a.group && 4 * y + i >= low;
        s[i][j] = sees ? weight_of(s[i][j], a.factor, stats[c].x) : 0.0f;
        ws[(4 * y + i) * kWeightStride + c] = s[i][j];
      }
    }
    __syncthreads();
    load_rows<D>(qs, a.width, vector(a.dout));
    __syncthreads();
    dot_products<D, 4>(dp, vs, qs, y, x, a.width);
    weigh_rows<D, 4>(dv, ws, qs, y, x);
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 4; i++) {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const int c = x + 16 * j;
        ws[(4 * y + i) * kWeightStride + c] = s[i][j] * (dp[i][j] - stats[c].y);
      }
    }
    load_rows<D>(qs, a.width, vector(a.q));
    __syncthreads();
    weigh_rows<D, 4>(dk, ws, qs, y, x);
  }
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const int j = 4 * y + i;
    if (j >= task.count) continue;
    const size_t row = (size_t(task.row + j) * a.key_heads + g) * a.width;
    float* part = a.parts + (size_t(max(task.part, 0)) * a.key_heads + g) * 2 * kSimtTile * D + j * D;
#pragma unroll
    for (int n = 0; n < C::kCount; n++) {
      const int column = C::at(x, n);
      if (column >= a.width) continue;
      if (task.part < 0) {
        a.dk[row + column] = from_float<T>(dk[i][n] * a.scale);
        a.dv[row + column] = from_float<T>(dv[i][n]);
      } else {
        part[column] = dk[i][n] * a.scale;
        part[kSimtTile * D + column] = dv[i][n];
      }
    }
  }
}

}  // namespace selfjudge::cuda
