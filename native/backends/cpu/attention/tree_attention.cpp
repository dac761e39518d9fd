// tree_attention, forward: keys and values from this call's rows (ops/tree_attention.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/tree_attention.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <vector>

#include <hwy/foreach_target.h>

#include "../../include/ops/tree_attention.h"
#include "../arguments.h"
#include "attention_tiles.h"
#include "thread_pool.h"

#include "attention_forward-inl.h"
#include "attention_rows-inl.h"
// clang-format on

#ifndef SELFJUDGE_TREE_ATTENTION_TASK
#define SELFJUDGE_TREE_ATTENTION_TASK
namespace selfjudge::cpu {
// A call, and one worker's scratch.
struct TreeAttention {
  const sj_call* call;
  int64_t heads, key_heads, group, depth, padded, tile, most_chunks;
  bool pairs;
  int block;
  const int32_t* row_segment;
};
struct TreeAttentionScratch {
  float *q, *o, *m, *l, *s, *part, *kt, *v;
  uint16_t* p;
  int32_t *owners, *slots;
};
}  // namespace selfjudge::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

template <class T>
struct RowKeys : RowPaths {
  RowKeys(const RowPaths& paths, const TreeAttention& a, int64_t g, const TreeAttentionScratch& scratch)
      : RowPaths(paths),
        a_(a),
        scratch_(scratch),
        k_(data<const T>(*a.call, ops::tree_attention::K) + g * a.depth),
        v_(data<const T>(*a.call, ops::tree_attention::V) + g * a.depth) {}
  Chunk chunk(int64_t row, int c, int64_t) {
    int32_t rows[kKeys];
    const int count = this->rows(row, c, rows);
    const int64_t stride = a_.key_heads * a_.depth;
    Chunk chunk{scratch_.kt, scratch_.v, a_.padded};
    if constexpr (sizeof(T) == 2)
      if (a_.pairs) {
        auto* k = reinterpret_cast<uint32_t*>(scratch_.kt);
        auto* v = reinterpret_cast<uint32_t*>(scratch_.v);
        chunk.k_pairs = pair_depths(k_, stride, rows, count, a_.depth, k, v);
        chunk.v_pairs = pair_rows(v_, stride, rows, count, a_.depth, a_.padded, v);
        return chunk;
      }
    gather_transposed(k_, stride, rows, count, a_.depth, scratch_.kt);
    gather(v_, stride, rows, count, a_.depth, a_.padded, scratch_.v);
    return chunk;
  }

 private:
  const TreeAttention& a_;
  const TreeAttentionScratch& scratch_;
  const T *k_, *v_;
};

template <class T>
HWY_INLINE void attend(const TreeAttention& a, const TreeAttentionScratch& scratch, int64_t begin,
                       int64_t end, int64_t g) {
  using namespace ops::tree_attention;
  const RowPaths paths(*a.call->tree, a.row_segment, begin, end, a.most_chunks, scratch.owners,
                       scratch.slots);
  RowKeys<T> source(paths, a, g, scratch);
  const ForwardTile tile{a.pairs,   a.block,   scratch.q,    scratch.o, scratch.m,
                         scratch.l, scratch.s, scratch.part, scratch.p};
  forward_tile(source, data<const T>(*a.call, Q), a.heads, a.group, g, a.depth,
               static_cast<float>(a.call->numbers[SCALE]), begin, end, tile, data<T>(*a.call, O),
               data<float>(*a.call, LSE));
}

void tree_attention_tile(const TreeAttention& a, const TreeAttentionScratch& scratch, int64_t begin,
                         int64_t end, int64_t g) {
  if (is_bf16(*a.call, ops::tree_attention::Q))
    attend<uint16_t>(a, scratch, begin, end, g);
  else
    attend<float>(a, scratch, begin, end, g);
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(tree_attention_tile);

namespace {
using namespace ops::tree_attention;

TreeAttention describe(const sj_call& call) {
  TreeAttention a{};
  a.call = &call;
  a.heads = dim(call, Q, 1);
  a.key_heads = dim(call, K, 1);
  a.group = a.heads / a.key_heads;
  a.depth = dim(call, Q, 2);
  a.padded = round_up(a.depth, 16);
  a.tile = tile_rows(dim(call, Q, 0), a.group, a.key_heads, worker_count());
  a.most_chunks = deepest_chunks(*call.tree);
  a.pairs = has_pairs() && is_bf16(call, Q);
  a.block = block_vectors(a.pairs);
  return a;
}

TreeAttentionScratch carve(Carver& carver, const TreeAttention& a) {
  const int64_t vectors = a.tile * a.group;
  TreeAttentionScratch s;
  s.q = carver.take<float>(vectors * a.padded);
  s.o = carver.take<float>(vectors * a.padded);
  s.m = carver.take<float>(vectors);
  s.l = carver.take<float>(vectors);
  s.s = carver.take<float>(2 * a.block * kKeys);
  s.part = carver.take<float>(a.block * a.padded);
  s.p = carver.take<uint16_t>(a.pairs ? a.block * kKeys : 0);
  s.kt = carver.take<float>(a.padded * kKeys);
  s.v = carver.take<float>(kKeys * a.padded);
  s.owners = carver.take<int32_t>(a.tile * a.most_chunks);
  s.slots = carver.take<int32_t>(a.tile);
  return s;
}
}  // namespace

size_t workspace_tree_attention(const sj_call& call) {
  Carver carver(nullptr);
  const TreeAttention a = describe(call);
  carver.take<int32_t>(dim(call, Q, 0));
  for (int worker = 0; worker < worker_count(); worker++) carve(carver, a);
  return carver.bytes();
}

int32_t run_tree_attention(const sj_call& call, sj_error*) {
  TreeAttention a = describe(call);
  Carver carver(call.workspace);
  const int64_t rows = dim(call, Q, 0);
  int32_t* row_segment = carver.take<int32_t>(rows);
  map_rows(*call.tree, row_segment);
  a.row_segment = row_segment;
  std::vector<TreeAttentionScratch> scratch;
  for (int worker = 0; worker < worker_count(); worker++) scratch.push_back(carve(carver, a));
  const int64_t tiles = ceil_div(rows, a.tile);
  // Last rows first: they tend to have the longest paths.
  parallel_for(tiles * a.key_heads, [&](int64_t task, int worker) {
    const TileScope scope;
    const int64_t begin = (tiles - 1 - task / a.key_heads) * a.tile;
    HWY_DYNAMIC_DISPATCH(tree_attention_tile)
    (a, scratch[worker], begin, std::min(rows, begin + a.tile), task % a.key_heads);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
