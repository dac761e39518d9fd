// tree_attention_backward (ops/tree_attention.h): delta, dq by tiles of query vectors, dk and dv by blocks of
// keys. Everything is summed in an order fixed by the tree and the shapes: no atomics.
#include "../../include/ops/tree_attention.h"
#include "attention_backward.cuh"
#include "attention_backward_simt.cuh"
#include "launch.h"

namespace selfjudge::cuda {
namespace {
using namespace ops::tree_attention_backward;
using ops::most_seen;

constexpr int kThreads = 256;

// A warp takes a head of a row.
template <class T>
__global__ void __launch_bounds__(kThreads)
    deltas(const T* dout, const T* o, float* delta, int64_t vectors, int width) {
  const int64_t at = (int64_t{blockIdx.x} * kThreads + threadIdx.x) / 32;
  if (at >= vectors) return;
  const int lane = threadIdx.x % 32;
  float sum = 0;
  for (int x = 4 * lane; x < width; x += 128) {
    const float4 a = load_four(dout + at * width, x, width), b = load_four(o + at * width, x, width);
    sum = fused(a.x, b.x, sum);
    sum = fused(a.y, b.y, sum);
    sum = fused(a.z, b.z, sum);
    sum = fused(a.w, b.w, sum);
  }
  sum = warp_sum(sum);
  if (lane == 0) delta[at] = sum;
}

// The parts of a block of keys, added in order. `D` and `Keys` are those of the kernel that made them.
template <class T, int D, int Keys>
__global__ void __launch_bounds__(kThreads) sum_parts(AttentionBackward<T> a) {
  const KeySum sum = a.keys.sums[blockIdx.x / a.key_heads];
  const int g = blockIdx.x % a.key_heads, which = blockIdx.y;
  const size_t size = size_t{Keys} * D, step = 2 * a.key_heads * size;
  const float* parts = a.parts + (size_t(sum.part) * a.key_heads + g) * 2 * size + which * size;
  T* out = which ? a.dv : a.dk;
  for (int i = threadIdx.x; i < sum.count * a.width; i += kThreads) {
    const int j = i / a.width, x = i % a.width;
    float total = 0;
    for (int p = 0; p < sum.parts; p++) total += parts[p * step + j * D + x];
    out[(size_t(sum.row + j) * a.key_heads + g) * a.width + x] = from_float<T>(total);
  }
}

struct Kernels {
  int vectors, keys, padded;  // of a tile, of a block, D
};
Kernels kernels_of(const sj_call& call) {
  const int64_t width = dim(call, Q, 2);
  if (by_mma(call, Q, width)) {
    return with_mma_width(width, [](auto d) {
      constexpr int D = decltype(d)::value;
      return Kernels{kGradientVectors<D>, kGradientKeys<D>, D};
    });
  }
  return with_simt_width(width, [](auto d) { return Kernels{kSimtTile, kSimtTile, decltype(d)::value}; });
}

struct Plans {
  const QueryPlan& queries;
  const KeyPlan& keys;
  explicit Plans(const sj_call& call)
      : Plans(call, kernels_of(call), int(dim(call, Q, 1) / dim(call, K, 1)), int(dim(call, K, 1))) {}

 private:
  Plans(const sj_call& call, const Kernels& kernels, int group, int key_heads)
      : queries(plan_for<QueryPlan>(*call.tree, group, kernels.vectors, most_seen(call.numbers[WINDOW]))),
        keys(plan_for<KeyPlan>(*call.tree, group, key_heads, kernels.keys, most_seen(call.numbers[WINDOW]))) {
  }
};

struct Workspace {
  QueryPlanView queries;
  KeyPlanView keys;
  float *delta, *parts;
};
// Places everything; with a context the plans are uploaded too.
int32_t place(const sj_call& call, Carver& carver, Workspace* w, Context* context, sj_error* error) {
  const Plans plans(call);
  const Kernels kernels = kernels_of(call);
  w->delta = carver.take<float>(dim(call, Q, 0) * dim(call, Q, 1));
  w->parts =
      carver.take<float>(int64_t{plans.keys.parts} * dim(call, K, 1) * 2 * kernels.keys * kernels.padded);
  const int32_t code = place_plan(plans.queries, carver, &w->queries, context, error);
  return code ? code : place_plan(plans.keys, carver, &w->keys, context, error);
}

}  // namespace

size_t workspace_tree_attention_backward(const sj_call& call) {
  Carver carver(nullptr);
  Workspace w;
  place(call, carver, &w, nullptr, nullptr);
  return carver.bytes();
}

int32_t run_tree_attention_backward(const sj_call& call, Context& context, sj_error* error) {
  const int64_t heads = dim(call, Q, 1), key_heads = dim(call, K, 1), width = dim(call, Q, 2);
  if (width > kWidest) {
    return fail(error, SJ_UNSUPPORTED,
                "[tree_attention_backward] q: expected heads of at most %d, received %ld", kWidest,
                long(width));
  }
  Workspace w;
  Carver carver(call.workspace);
  if (const int32_t code = place(call, carver, &w, &context, error)) return code;
  const Plans plans(call);
  const dim3 tiles(unsigned(plans.queries.tiles.size() * size_t(key_heads)));
  const dim3 tasks(unsigned(plans.keys.tasks.size() * size_t(key_heads)));
  const dim3 sums(unsigned(plans.keys.sums.size() * size_t(key_heads)), 2);

  return with_float_type(call, Q, [&](auto t) {
    using T = decltype(t);
    const AttentionBackward<T> a{data<const T>(call, DO),
                                 data<const T>(call, Q),
                                 data<const T>(call, K),
                                 data<const T>(call, V),
                                 data<const float>(call, LSE),
                                 w.delta,
                                 data<T>(call, DQ),
                                 data<T>(call, DK),
                                 data<T>(call, DV),
                                 w.queries,
                                 w.keys,
                                 w.parts,
                                 int(heads),
                                 int(key_heads),
                                 int(heads / key_heads),
                                 int(width),
                                 most_seen(call.numbers[WINDOW]),
                                 float(call.numbers[SCALE]),
                                 float(call.numbers[SCALE] * kLog2e)};
    const int64_t vectors = dim(call, Q, 0) * heads;
    if (const int32_t code =
            context.launch(deltas<T>, dim3(blocks_for(vectors, kThreads / 32)), dim3(kThreads), 0, error,
                           a.dout, data<const T>(call, O), w.delta, vectors, width)) {
      return code;
    }
    const auto launch = [&](auto query_kernel, size_t query_smem, auto key_kernel, size_t key_smem,
                            int threads, auto sum_kernel) {
      // Keys first: a shared root has the most below it.
      int32_t code = context.launch(key_kernel, tasks, dim3(threads), key_smem, error, a);
      if (!code) code = context.launch(query_kernel, tiles, dim3(threads), query_smem, error, a);
      if (!code && sums.x) code = context.launch(sum_kernel, sums, dim3(kThreads), 0, error, a);
      return code;
    };
    if constexpr (sizeof(T) == 2) {
      if (by_mma(call, Q, width)) {
        return with_mma_width(width, [&](auto d) {
          constexpr int D = decltype(d)::value;
          return launch(query_gradients<D>, kQueryGradientSmem<D>, key_gradients<D>, kKeyGradientSmem<D>,
                        kBackwardThreads, sum_parts<T, D, kGradientKeys<D>>);
        });
      }
    }
    return with_simt_width(width, [&](auto d) {
      constexpr int D = decltype(d)::value;
      return launch(query_gradients_simt<T, D>, kSimtBackwardSmem<D>, key_gradients_simt<T, D>,
                    kSimtBackwardSmem<D>, kSimtThreads, sum_parts<T, D, kSimtTile>);
    });
  });
}

}  // namespace selfjudge::cuda
