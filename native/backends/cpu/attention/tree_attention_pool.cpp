// tree_attention_pool: keys and values from pool blocks, which are canonical chunks as they stand: they are
// read in place, except values whose width does not fill whole registers and bf16 that many query vectors
// see.
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/attention/tree_attention_pool.cpp"
#include "../highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "../../../include/ops/tree_attention.h"
#include "../../fail.h"
#include "../thread_pool.h"
#include "work.h"

#include "forward-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

constexpr int64_t kFewVectors = 2 * kBlock;

template <class T>
class PoolKeys {
 public:
  PoolKeys(const AttentionWork& a, int64_t g, const AttentionScratch& scratch)
      : a_(a), g_(g), scratch_(scratch) {}
  int keys(int64_t row) const {
    return data<const int32_t>(*a_.call, ops::tree_attention_pool::LENGTHS)[row];
  }
  int64_t chunk_name(int64_t row, int c) const {
    using namespace ops::tree_attention_pool;
    const int64_t table = data<const int32_t>(*a_.call, ROW_TABLE)[row];
    return data<const int32_t>(*a_.call, TABLES)[table * dim(*a_.call, TABLES, 1) + c];
  }
  Chunk chunk(int64_t row, int c, int64_t vectors) {
    using namespace ops::tree_attention_pool;
    const int64_t at = (chunk_name(row, c) * a_.key_heads + g_) * a_.depth * kKeys;
    const T* k = data<const T>(*a_.call, POOL_K) + at;
    const T* v = data<const T>(*a_.call, POOL_V) + at;
    const bool whole = a_.padded == a_.depth, few = vectors <= kFewVectors;
    Chunk chunk{scratch_.kt, scratch_.v, a_.padded};
    if constexpr (sizeof(T) == 2)
      if (a_.pairs) {
        const bool packs = kernels().pair_blocks || vectors >= 48;
        chunk.k_pairs = packs ? pair_rows(k, kKeys, nullptr, int(a_.depth), kKeys, kKeys,
                                          reinterpret_cast<uint32_t*>(scratch_.kt))
                              : PairFactor{k, kKeys, false};
        chunk.v_pairs = whole && !packs ? PairFactor{v, a_.depth, false}
                                        : pair_rows(v, a_.depth, nullptr, kKeys, a_.depth, a_.padded,
                                                    reinterpret_cast<uint32_t*>(scratch_.v));
        return chunk;
      }
    if constexpr (sizeof(T) == 4) {
      chunk.kt = k;
      if (whole) chunk.v = v;
    } else if (few && whole) {
      chunk.kt_bf16 = k;
      chunk.v_bf16 = v;
      return chunk;
    } else {
      widen(k, a_.depth * kKeys, a_.depth * kKeys, scratch_.kt);
    }
    if (chunk.v == scratch_.v)
      for (int j = 0; j < kKeys; j++)
        widen(v + j * a_.depth, a_.depth, a_.padded, scratch_.v + j * a_.padded);
    return chunk;
  }

 private:
  const AttentionWork& a_;
  int64_t g_;
  const AttentionScratch& scratch_;
};

template <class T>
HWY_INLINE void attend(const AttentionWork& a, const AttentionScratch& scratch, int64_t begin, int64_t end,
                       int64_t g) {
  using namespace ops::tree_attention_pool;
  PoolKeys<T> source(a, g, scratch);
  forward_tile(a, scratch, source, g, begin, end, data<const T>(*a.call, Q), data<T>(*a.call, O), nullptr);
}

void pool_attention_tile(const AttentionWork& a, const AttentionScratch& scratch, int64_t begin, int64_t end,
                         int64_t g) {
  if (is_bf16(*a.call, ops::tree_attention_pool::Q))
    attend<uint16_t>(a, scratch, begin, end, g);
  else
    attend<float>(a, scratch, begin, end, g);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(pool_attention_tile);

namespace {
using namespace ops::tree_attention_pool;

struct Layout {
  Carver carver;
  AttentionWork work;
  const AttentionScratch* scratch;  // a worker's each
  Layout(const sj_call& call, void* memory)
      : carver(memory), work(describe_attention(call, Q, dim(call, POOL_K, 1) / dim(call, Q, 2))) {
    scratch = carve_workers(carver, [&](Carver& own) { return carve_attention(own, work); });
  }
};

// Tables, rows and lengths are data: a wrong one is a fault of the call, not a wild read.
int32_t check(const sj_call& call, sj_error* error) {
  const int64_t blocks = dim(call, POOL_K, 0), tables = dim(call, TABLES, 0), width = dim(call, TABLES, 1);
  const int32_t* table = data<const int32_t>(call, TABLES);
  const int window = ops::most_seen(call.numbers[WINDOW]);
  for (int64_t row = 0; row < dim(call, Q, 0); row++) {
    const int64_t t = data<const int32_t>(call, ROW_TABLE)[row],
                  length = data<const int32_t>(call, LENGTHS)[row];
    if (t < 0 || t >= tables)
      return fail(error, SJ_INVALID, "[tree_attention_pool] row_table[%ld]: expected 0 .. %ld, received %ld",
                  long(row), long(tables - 1), long(t));
    if (length < 1 || length > width * kKeys)
      return fail(error, SJ_INVALID, "[tree_attention_pool] lengths[%ld]: expected 1 .. %ld, received %ld",
                  long(row), long(width * kKeys), long(length));
    for (int64_t c = first_seen(static_cast<int>(length), window) / kKeys; c * kKeys < length; c++) {
      const int64_t block = table[t * width + c];
      if (block < 0 || block >= blocks)
        return fail(error, SJ_INVALID,
                    "[tree_attention_pool] tables[%ld, %ld]: expected 0 .. %ld, received %ld", long(t),
                    long(c), long(blocks - 1), long(block));
    }
  }
  return SJ_OK;
}
}  // namespace

size_t workspace_tree_attention_pool(const sj_call& call) { return Layout(call, nullptr).carver.bytes(); }

int32_t run_tree_attention_pool(const sj_call& call, sj_error* error) {
  if (const int32_t code = check(call, error)) return code;
  const Layout l(call, call.workspace);
  const AttentionWork& a = l.work;
  const int64_t tiles = ceil_div(a.rows, a.tile);
  parallel_for(tiles * a.key_heads, [&](int64_t task, int worker) {
    const TileScope scope;
    const int64_t begin = task / a.key_heads * a.tile;
    HWY_DYNAMIC_DISPATCH(pool_attention_tile)
    (a, l.scratch[worker], begin, std::min(a.rows, begin + a.tile), task % a.key_heads);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
