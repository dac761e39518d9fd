#include "work.h"

#include <algorithm>

#include "../../../include/ops/tree_attention.h"
#include "../gemm/gemm.h"

namespace selfjudge::cpu {
namespace {

// The same numbers of all three ops.
constexpr int kScale = ops::tree_attention::SCALE, kWindow = ops::tree_attention::WINDOW;
static_assert(kScale == int{ops::tree_attention_backward::SCALE} &&
              kScale == int{ops::tree_attention_pool::SCALE});
static_assert(kWindow == int{ops::tree_attention_backward::WINDOW} &&
              kWindow == int{ops::tree_attention_pool::WINDOW});

// About 192 query vectors amortise the loading of a chunk and still sit in a core's own cache; fewer when the
// rows would not give every worker a few tiles. Bits do not depend on it.
int64_t tile_rows(const AttentionWork& a) {
  const int64_t most = std::max<int64_t>(1, std::min<int64_t>(64, 192 / a.group));
  return std::max<int64_t>(
      1, std::min(most, ceil_div(a.rows * a.key_heads, 4 * static_cast<int64_t>(worker_count()))));
}

}  // namespace

AttentionWork describe_attention(const sj_call& call, int query, int64_t key_heads) {
  AttentionWork a{};
  a.call = &call;
  a.rows = dim(call, query, 0);
  a.heads = dim(call, query, 1);
  a.key_heads = key_heads;
  a.group = a.heads / a.key_heads;
  a.depth = dim(call, query, 2);
  a.padded = round_up(a.depth, kPad);
  a.tile = tile_rows(a);
  a.most_chunks = call.tree ? deepest_chunks(*call.tree) : 0;
  a.scale = static_cast<float>(call.numbers[kScale]);
  a.window = ops::most_seen(call.numbers[kWindow]);
  a.pairs = has_pairs() && is_bf16(call, query);
  a.block = a.pairs ? kernels().pair_rows : kBlock;
  return a;
}

AttentionScratch carve_attention(Carver& carver, const AttentionWork& a) {
  const int64_t vectors = a.tile * a.group;
  AttentionScratch s;
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
  s.slots = carver.take<int32_t>(a.most_chunks ? a.tile : 0);
  return s;
}

}  // namespace selfjudge::cpu
