// tree_attention, forward: keys and values from this call's rows (ops/tree_attention.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/attention/tree_attention.cpp"
#include "../highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "../../../include/ops/tree_attention.h"
#include "../thread_pool.h"
#include "work.h"

#include "forward-inl.h"
#include "rows-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

template <class T>
struct RowKeys : RowPaths {
  RowKeys(const RowPaths& paths, const AttentionWork& a, int64_t g, const AttentionScratch& scratch)
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
  const AttentionWork& a_;
  const AttentionScratch& scratch_;
  const T *k_, *v_;
};

template <class T>
HWY_INLINE void attend(const AttentionWork& a, const AttentionScratch& scratch, const int32_t* row_segment,
                       int64_t begin, int64_t end, int64_t g) {
  using namespace ops::tree_attention;
  const RowPaths paths(*a.call->tree, row_segment, begin, end, a.most_chunks, scratch.owners, scratch.slots);
  RowKeys<T> source(paths, a, g, scratch);
  forward_tile(a, scratch, source, g, begin, end, data<const T>(*a.call, Q), data<T>(*a.call, O),
               data<float>(*a.call, LSE));
}

void tree_attention_tile(const AttentionWork& a, const AttentionScratch& scratch, const int32_t* row_segment,
                         int64_t begin, int64_t end, int64_t g) {
  if (is_bf16(*a.call, ops::tree_attention::Q))
    attend<uint16_t>(a, scratch, row_segment, begin, end, g);
  else
    attend<float>(a, scratch, row_segment, begin, end, g);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(tree_attention_tile);

namespace {
using namespace ops::tree_attention;

struct Layout {
  Carver carver;
  AttentionWork work;
  int32_t* row_segment;
  const AttentionScratch* scratch;  // a worker's each
  Layout(const sj_call& call, void* memory)
      : carver(memory), work(describe_attention(call, Q, dim(call, K, 1))) {
    row_segment = carver.take<int32_t>(work.rows);
    scratch = carve_workers(carver, [&](Carver& own) { return carve_attention(own, work); });
  }
};

}  // namespace

size_t workspace_tree_attention(const sj_call& call) { return Layout(call, nullptr).carver.bytes(); }

int32_t run_tree_attention(const sj_call& call, sj_error*) {
  const Layout l(call, call.workspace);
  const AttentionWork& a = l.work;
  map_rows(*call.tree, l.row_segment);
  const int64_t tiles = ceil_div(a.rows, a.tile);
  // Last rows first: they tend to have the longest paths.
  parallel_for(tiles * a.key_heads, [&](int64_t task, int worker) {
    const TileScope scope;
    const int64_t begin = (tiles - 1 - task / a.key_heads) * a.tile;
    HWY_DYNAMIC_DISPATCH(tree_attention_tile)
    (a, l.scratch[worker], l.row_segment, begin, std::min(a.rows, begin + a.tile), task % a.key_heads);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
