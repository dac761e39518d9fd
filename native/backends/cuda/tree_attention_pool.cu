// tree_attention_pool (ops/tree_attention.h): queries of few rows against keys and values in pool blocks,
// which are canonical chunks as they stand. A row's arithmetic is that of tree_attention, so on one device
// the bits agree.
#include "../../include/ops/tree_attention.h"
#include "attention_pool.cuh"
#include "attention_simt.cuh"
#include "launch.h"

namespace selfjudge::cuda {
namespace {
using namespace ops::tree_attention_pool;

// One row's heads of one key head, at most 16, in float32.
template <class T>
struct PoolSource {
  static constexpr bool kKeysFirst = true;
  const PoolAttention<T>& a;
  const int row, g, first, count;  // heads [first, first + count) of the group
  const PoolRow at;
  int chunk;
  int64_t block;

  __device__ int passes() const { return at.chunks() - at.first_chunk(a.window); }
  __device__ void enter(int p) {
    chunk = at.first_chunk(a.window) + p;
    block = a.block(at, chunk);
  }
  __device__ SeenKeys seen(int) const { return seen_keys(at.length - 1, a.window, chunk); }
  __device__ float4 key(int r, int x) const {
    const T* k = a.pool_k + ((block * a.key_heads + g) * a.width + x) * kKeys + r;
    const auto at = [&](int i) { return x + i < a.width ? to_float(k[i * kKeys]) : 0.0f; };
    return {at(0), at(1), at(2), at(3)};
  }
  __device__ float4 value(int r, int x) const {
    if (r < seen(0).first || r >= seen(0).end) return {0, 0, 0, 0};
    return load_four(a.pool_v + ((block * a.key_heads + g) * kKeys + r) * a.width, x, a.width);
  }
  __device__ float4 query(int m, int x) const {
    if (m >= count) return {0, 0, 0, 0};
    return load_four(a.q + vector(m) * a.width, x, a.width);
  }
  __device__ void store(int m, int x, float value) const {
    if (m < count) a.o[vector(m) * a.width + x] = from_float<T>(value);
  }
  __device__ void store_log_sum(int, float) const {}

 private:
  __device__ size_t vector(int m) const { return size_t(row) * a.heads + g * a.group + first + m; }
};

template <class T, int D>
__global__ void __launch_bounds__(kSimtThreads, 2) attend_pool_rows(PoolAttention<T> a) {
  DYN_SMEM(float, smem);
  const int row = blockIdx.x / a.key_heads, first = blockIdx.y * kPoolVectors;
  PoolSource<T> source{
      a, row, int(blockIdx.x % a.key_heads), first, min(kPoolVectors, a.group - first), a.row(row), 0, 0};
  attend_simt<D, 1>(source, a.scale, a.width, smem);
}

}  // namespace

size_t workspace_tree_attention_pool(const sj_call&) { return 0; }

int32_t run_tree_attention_pool(const sj_call& call, Context& context, sj_error* error) {
  const int64_t rows = dim(call, Q, 0), heads = dim(call, Q, 1), width = dim(call, Q, 2);
  const int64_t key_heads = dim(call, POOL_K, 1) / width, group = heads / key_heads;
  if (width > kWidest) {
    return fail(error, SJ_UNSUPPORTED, "[tree_attention_pool] q: expected heads of at most %d, received %ld",
                kWidest, long(width));
  }
  const auto describe = [&](auto t) {
    using T = decltype(t);
    return PoolAttention<T>{data<const T>(call, Q),
                            data<const T>(call, POOL_K),
                            data<const T>(call, POOL_V),
                            data<T>(call, O),
                            data<const int32_t>(call, TABLES),
                            data<const int32_t>(call, ROW_TABLE),
                            data<const int32_t>(call, LENGTHS),
                            context.faults(),
                            int(rows),
                            int(heads),
                            int(key_heads),
                            int(group),
                            int(width),
                            int(dim(call, POOL_K, 0)),
                            int(dim(call, TABLES, 0)),
                            int(dim(call, TABLES, 1)),
                            ops::most_seen(call.numbers[WINDOW]),
                            Scale(call.numbers[SCALE])};
  };
  const dim3 grid(unsigned(rows * key_heads), blocks_for(group, kPoolVectors));
  if (by_mma(call, Q, width)) {
    return with_mma_width(width, [&](auto d) {
      constexpr int D = decltype(d)::value;
      return context.launch(attend_pool_mma<D>, grid, dim3(32 * kPoolWarps<D>), kPoolSmem<D>, error,
                            describe(bf16{}));
    });
  }
  return with_float_type(call, Q, [&](auto t) {
    return with_simt_width(width, [&](auto d) {
      constexpr int D = decltype(d)::value;
      return context.launch(attend_pool_rows<decltype(t), D>, grid, dim3(kSimtThreads), kSimtSmem<D, 1>,
                            error, describe(t));
    });
  });
}

}  // namespace selfjudge::cuda
