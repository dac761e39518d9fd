// tree_attention_backward: dq by tiles of rows, dk and dv by blocks of keys (attention_backward-inl.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tree_attention_backward.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <vector>

#include <hwy/foreach_target.h>

#include "../../include/ops/tree_attention.h"
#include "attention_backward.h"
#include "attention_tiles.h"
#include "thread_pool.h"

#include "attention_backward-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

void backward_deltas(const AttentionBackward& a, int64_t begin, int64_t end, float* delta) {
  if (is_bf16(*a.call, ops::tree_attention_backward::Q))
    row_deltas<uint16_t>(a, begin, end, delta);
  else
    row_deltas<float>(a, begin, end, delta);
}

void backward_queries(const AttentionBackward& a, int64_t g, int64_t begin, int64_t end,
                      const AttentionBackwardScratch& scratch) {
  if (is_bf16(*a.call, ops::tree_attention_backward::Q))
    query_gradients<uint16_t>(a, g, begin, end, scratch);
  else
    query_gradients<float>(a, g, begin, end, scratch);
}

void backward_keys(const AttentionBackward& a, int64_t g, int segment, int64_t base, int keys,
                   const AttentionBackwardScratch& scratch) {
  if (is_bf16(*a.call, ops::tree_attention_backward::Q))
    key_gradients<uint16_t>(a, g, segment, base, keys, scratch);
  else
    key_gradients<float>(a, g, segment, base, keys, scratch);
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(backward_deltas);
HWY_EXPORT(backward_queries);
HWY_EXPORT(backward_keys);

namespace {
using namespace ops::tree_attention_backward;

struct KeyBlock {
  int32_t segment, base, keys;
};

struct Shared {
  int32_t* row_segment;
  float* delta;
  Subtrees subtrees;
  KeyBlock* blocks;
};

AttentionBackward describe(const sj_call& call) {
  AttentionBackward a{};
  a.call = &call;
  a.heads = dim(call, Q, 1);
  a.key_heads = dim(call, K, 1);
  a.group = a.heads / a.key_heads;
  a.depth = dim(call, Q, 2);
  a.padded = round_up(a.depth, 16);
  a.tile = tile_rows(dim(call, Q, 0), a.group, a.key_heads, worker_count());
  a.most_chunks = deepest_chunks(*call.tree);
  a.scale = static_cast<float>(call.numbers[SCALE]);
  a.pairs = has_pairs() && is_bf16(call, Q);
  a.block = block_vectors(a.pairs);
  // Whole blocks of the sums over them, at the usual groups.
  a.sweep = std::max<int64_t>(1, (a.pairs && kernels().pair_blocks ? 96 : 48) / a.group);
  return a;
}

int64_t count_blocks(const sj_tree& tree) {
  int64_t blocks = 0;
  for (int s = 0; s < tree.n_segments; s++) blocks += ceil_div(tree.segments[s].length, kKeys);
  return blocks;
}

Shared carve_shared(Carver& carver, const sj_call& call) {
  const int64_t rows = dim(call, Q, 0), segments = call.tree->n_segments;
  Shared s;
  s.row_segment = carver.take<int32_t>(rows);
  s.delta = carver.take<float>(rows * dim(call, Q, 1));
  s.subtrees.first = carver.take<int32_t>(segments);
  s.subtrees.last = carver.take<int32_t>(segments);
  s.subtrees.highest = carver.take<int32_t>(segments);
  s.blocks = carver.take<KeyBlock>(count_blocks(*call.tree));
  return s;
}

AttentionBackwardScratch carve(Carver& carver, const AttentionBackward& a) {
  const int64_t swept = a.sweep * a.group, vectors = std::max(a.tile * a.group, swept);
  AttentionBackwardScratch s;
  s.q = carver.take<float>(vectors * a.padded);
  s.dout = carver.take<float>(vectors * a.padded);
  s.s = carver.take<float>(std::max<int64_t>(swept, 2 * a.block) * kKeys);
  s.ds = carver.take<float>(std::max<int64_t>(swept, 2 * a.block) * kKeys);
  s.kt = carver.take<float>(a.padded * kKeys);
  s.vt = carver.take<float>(a.padded * kKeys);
  s.sum = carver.take<float>(std::max<int64_t>(vectors, kKeys) * a.padded);
  s.other_sum = carver.take<float>(kKeys * a.padded);
  s.k = carver.take<float>(kKeys * a.padded);
  const int64_t paired = a.pairs ? std::max<int64_t>(swept_vectors(a), a.block) : 0;
  s.p_bf16 = carver.take<uint16_t>(paired * kKeys);
  s.ds_bf16 = carver.take<uint16_t>(paired * kKeys);
  s.q_pairs = carver.take<uint32_t>(paired / 2 * a.padded);
  s.dout_pairs = carver.take<uint32_t>(paired / 2 * a.padded);
  s.turned = carver.take<float>(paired * kKeys);
  s.owners = carver.take<int32_t>(a.tile * a.most_chunks);
  s.slots = carver.take<int32_t>(a.tile);
  return s;
}
}  // namespace

size_t workspace_tree_attention_backward(const sj_call& call) {
  Carver carver(nullptr);
  const AttentionBackward a = describe(call);
  carve_shared(carver, call);
  for (int worker = 0; worker < worker_count(); worker++) carve(carver, a);
  return carver.bytes();
}

int32_t run_tree_attention_backward(const sj_call& call, sj_error*) {
  AttentionBackward a = describe(call);
  const sj_tree& tree = *call.tree;
  Carver carver(call.workspace);
  const Shared shared = carve_shared(carver, call);
  std::vector<AttentionBackwardScratch> scratch;
  for (int worker = 0; worker < worker_count(); worker++) scratch.push_back(carve(carver, a));
  map_rows(tree, shared.row_segment);
  number_subtrees(tree, shared.subtrees);
  int64_t blocks = 0;
  for (int s = 0; s < tree.n_segments; s++)
    for (int32_t at = 0; at < tree.segments[s].length; at += kKeys)
      shared.blocks[blocks++] = {s, tree.segments[s].start + at,
                                 std::min(kKeys, tree.segments[s].length - at)};
  a.row_segment = shared.row_segment;
  a.delta = shared.delta;
  a.subtrees = shared.subtrees;

  const int64_t rows = dim(call, Q, 0), strip_rows = 64;
  parallel_for(ceil_div(rows, strip_rows), [&](int64_t task, int) {
    HWY_DYNAMIC_DISPATCH(backward_deltas)
    (a, task * strip_rows, std::min(rows, (task + 1) * strip_rows), shared.delta);
  });
  // Key blocks first: roots have the most rows below them. Then tiles of rows, the last (longest paths)
  // first.
  const int64_t key_tasks = blocks * a.key_heads, tiles = ceil_div(rows, a.tile);
  parallel_for(key_tasks + tiles * a.key_heads, [&](int64_t task, int worker) {
    const TileScope scope;
    if (task < key_tasks) {
      const KeyBlock& block = shared.blocks[task / a.key_heads];
      HWY_DYNAMIC_DISPATCH(backward_keys)
      (a, task % a.key_heads, block.segment, block.base, block.keys, scratch[worker]);
      return;
    }
    const int64_t begin = (tiles - 1 - (task - key_tasks) / a.key_heads) * a.tile;
    HWY_DYNAMIC_DISPATCH(backward_queries)
    (a, (task - key_tasks) % a.key_heads, begin, std::min(rows, begin + a.tile), scratch[worker]);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
