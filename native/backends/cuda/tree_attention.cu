// tree_attention, forward (ops/tree_attention.h): keys and values from this call's rows.
#include "../../include/ops/tree_attention.h"
#include "attention_forward.cuh"
#include "attention_simt.cuh"
#include "launch.h"

namespace selfjudge::cuda {
namespace {
using namespace ops::tree_attention;
using ops::most_seen;

constexpr int kRows = 4;  // query vectors of a thread in float32
constexpr int kSimtVectors = 16 * kRows;

template <class T>
struct RowSource {
  static constexpr bool kKeysFirst = false;
  const TreeAttention<T>& a;
  const QueryTile tile;
  const int g;
  Pass pass;

  __device__ int passes() const { return tile.passes; }
  __device__ void enter(int p) { pass = a.plan.passes[tile.pass + p]; }
  __device__ SeenKeys seen(int m) const {
    if (m < pass.begin || m >= pass.end) return {0, 0};
    const int v = tile.first + min(m, tile.count - 1);
    return seen_keys(a.plan.rows[v / a.group].position, a.window, pass.chunk);
  }
  __device__ float4 key(int r, int x) const { return load(a.k, r, x); }
  __device__ float4 value(int r, int x) const { return load(a.v, r, x); }
  __device__ float4 query(int m, int x) const {
    if (m >= tile.count) return {0, 0, 0, 0};
    return load_four(a.q + vector(m) * a.width, x, a.width);
  }
  __device__ void store(int m, int x, float value) const {
    if (m < tile.count) a.o[vector(m) * a.width + x] = from_float<T>(value);
  }
  __device__ void store_log_sum(int m, float value) const {
    if (m < tile.count) a.lse[vector(m)] = value;
  }

 private:
  __device__ size_t vector(int m) const {
    const int v = tile.first + m;
    return size_t(a.plan.rows[v / a.group].row) * a.heads + g * a.group + v % a.group;
  }
  __device__ float4 load(const T* from, int r, int x) const {
    const int row = a.plan.keys[pass.list * kKeys + r];
    if (row < 0) return {0, 0, 0, 0};
    return load_four(from + (size_t(row) * a.key_heads + g) * a.width, x, a.width);
  }
};

template <class T, int D>
__global__ void __launch_bounds__(kSimtThreads, D > 128 ? 1 : 2) attend_rows(TreeAttention<T> a) {
  DYN_SMEM(float, smem);
  RowSource<T> source{a, a.plan.tiles[blockIdx.x / a.key_heads], int(blockIdx.x % a.key_heads), {}};
  attend_simt<D, kRows>(source, a.scale, a.width, smem);
}

const QueryPlan& plan_of(const sj_call& call) {
  const int group = int(dim(call, Q, 1) / dim(call, K, 1));
  return plan_for<QueryPlan>(*call.tree, group,
                             by_mma(call, Q, dim(call, Q, 2)) ? kForwardVectors : kSimtVectors,
                             most_seen(call.numbers[WINDOW]));
}

}  // namespace

size_t workspace_tree_attention(const sj_call& call) {
  Carver carver(nullptr);
  QueryPlanView view;
  place_plan(plan_of(call), carver, &view, nullptr, nullptr);
  return carver.bytes();
}

int32_t run_tree_attention(const sj_call& call, Context& context, sj_error* error) {
  const int64_t heads = dim(call, Q, 1), key_heads = dim(call, K, 1), width = dim(call, Q, 2);
  if (width > kWidest) {
    return fail(error, SJ_UNSUPPORTED, "[tree_attention] q: expected heads of at most %d, received %ld",
                kWidest, long(width));
  }
  const QueryPlan& plan = plan_of(call);
  QueryPlanView view;
  Carver carver(call.workspace);
  if (const int32_t code = place_plan(plan, carver, &view, &context, error)) return code;
  const auto describe = [&](auto t) {
    using T = decltype(t);
    return TreeAttention<T>{data<const T>(call, Q),
                            data<const T>(call, K),
                            data<const T>(call, V),
                            data<T>(call, O),
                            data<float>(call, LSE),
                            view,
                            int(heads),
                            int(key_heads),
                            int(heads / key_heads),
                            int(width),
                            most_seen(call.numbers[WINDOW]),
                            Scale(call.numbers[SCALE])};
  };
  const dim3 grid(unsigned(plan.tiles.size() * size_t(key_heads)));
  if (by_mma(call, Q, width)) {
    return with_mma_width(width, [&](auto d) {
      constexpr int D = decltype(d)::value;
      return context.launch(attend_mma<D>, grid, dim3(kForwardThreads), kForwardSmem<D>, error,
                            describe(bf16{}));
    });
  }
  return with_float_type(call, Q, [&](auto t) {
    return with_simt_width(width, [&](auto d) {
      constexpr int D = decltype(d)::value;
      return context.launch(attend_rows<decltype(t), D>, grid, dim3(kSimtThreads), kSimtSmem<D, kRows>, error,
                            describe(t));
    });
  });
}

}  // namespace selfjudge::cuda
