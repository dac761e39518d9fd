// tree_attention_backward: dq by tiles of rows, dk and dv by blocks of keys (backward-inl.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/attention/tree_attention_backward.cpp"
#include "../highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "../../../include/ops/tree_attention.h"
#include "../thread_pool.h"
#include "backward.h"

#include "backward-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

void backward_deltas(const BackwardWork& a, int64_t begin, int64_t end, float* delta) {
  if (is_bf16(*a.call, ops::tree_attention_backward::Q))
    row_deltas<uint16_t>(a, begin, end, delta);
  else
    row_deltas<float>(a, begin, end, delta);
}

void backward_queries(const BackwardWork& a, int64_t g, int64_t begin, int64_t end,
                      const BackwardScratch& scratch) {
  if (is_bf16(*a.call, ops::tree_attention_backward::Q))
    query_gradients<uint16_t>(a, g, begin, end, scratch);
  else
    query_gradients<float>(a, g, begin, end, scratch);
}

void backward_keys(const BackwardWork& a, int64_t g, int segment, int64_t base, int keys,
                   const BackwardScratch& scratch) {
  if (is_bf16(*a.call, ops::tree_attention_backward::Q))
    key_gradients<uint16_t>(a, g, segment, base, keys, scratch);
  else
    key_gradients<float>(a, g, segment, base, keys, scratch);
}

}  // namespace
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

int64_t count_blocks(const sj_tree& tree) {
  int64_t blocks = 0;
  for (int s = 0; s < tree.n_segments; s++) blocks += ceil_div(tree.segments[s].length, kKeys);
  return blocks;
}

BackwardScratch carve_backward(Carver& carver, const BackwardWork& a) {
  const int64_t swept = a.sweep * a.group, vectors = std::max(a.tile * a.group, swept);
  BackwardScratch s;
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

struct Layout {
  Carver carver;
  BackwardWork work;
  KeyBlock* blocks;
  const BackwardScratch* scratch;  // a worker's each
  Layout(const sj_call& call, void* memory)
      : carver(memory), work{describe_attention(call, Q, dim(call, K, 1)), 0, nullptr, nullptr, {}} {
    // Whole blocks of the sums over them, at the usual groups.
    work.sweep = std::max<int64_t>(1, (work.pairs && kernels().pair_blocks ? 96 : 48) / work.group);
    const int64_t segments = call.tree->n_segments;
    work.row_segment = carver.take<int32_t>(work.rows);
    work.delta = carver.take<float>(work.rows * work.heads);
    work.subtrees.first = carver.take<int32_t>(segments);
    work.subtrees.last = carver.take<int32_t>(segments);
    work.subtrees.highest = carver.take<int32_t>(segments);
    blocks = carver.take<KeyBlock>(count_blocks(*call.tree));
    scratch = carve_workers(carver, [&](Carver& own) { return carve_backward(own, work); });
  }
};
}  // namespace

size_t workspace_tree_attention_backward(const sj_call& call) { return Layout(call, nullptr).carver.bytes(); }

int32_t run_tree_attention_backward(const sj_call& call, sj_error*) {
  const Layout l(call, call.workspace);
  const BackwardWork& a = l.work;
  const sj_tree& tree = *call.tree;
  map_rows(tree, a.row_segment);
  number_subtrees(tree, a.subtrees);
  int64_t blocks = 0;
  for (int s = 0; s < tree.n_segments; s++)
    for (int32_t at = 0; at < tree.segments[s].length; at += kKeys)
      l.blocks[blocks++] = {s, tree.segments[s].start + at, std::min(kKeys, tree.segments[s].length - at)};

  const int64_t rows = a.rows, strip_rows = 64;
  parallel_for(ceil_div(rows, strip_rows), [&](int64_t task, int) {
    HWY_DYNAMIC_DISPATCH(backward_deltas)
    (a, task * strip_rows, std::min(rows, (task + 1) * strip_rows), a.delta);
  });
  // Key blocks first: roots have the most rows below them. Then tiles of rows, the last (longest paths)
  // first.
  const int64_t key_tasks = blocks * a.key_heads, tiles = ceil_div(rows, a.tile);
  parallel_for(key_tasks + tiles * a.key_heads, [&](int64_t task, int worker) {
    const TileScope scope;
    if (task < key_tasks) {
      const KeyBlock& block = l.blocks[task / a.key_heads];
      HWY_DYNAMIC_DISPATCH(backward_keys)
      (a, task % a.key_heads, block.segment, block.base, block.keys, l.scratch[worker]);
      return;
    }
    const int64_t begin = (tiles - 1 - (task - key_tasks) / a.key_heads) * a.tile;
    HWY_DYNAMIC_DISPATCH(backward_queries)
    (a, (task - key_tasks) % a.key_heads, begin, std::min(rows, begin + a.tile), l.scratch[worker]);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
