// kv_write and kv_copy: moving keys and values into and between pool blocks (ops/kv_pool.h). Pure movement,
// by key head and, in kv_write, part of it: each task visits the rows or moves in order, so of two that name
// one slot the later wins.
#include <algorithm>
#include <cstring>

#include "../../include/ops/kv_pool.h"
#include "../../include/ops/tree_attention.h"
#include "../arguments.h"
#include "../fail.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {
using ops::kChunk;

constexpr int64_t kPart = 32;  // values of a head

// Values [first, last) of each row's head g.
template <class T>
void write_part(const sj_call& call, int64_t g, int64_t first, int64_t last) {
  using namespace ops::kv_write;
  const int64_t key_heads = dim(call, K, 1), depth = dim(call, K, 2);
  for (int64_t row = 0; row < dim(call, K, 0); row++) {
    const int64_t slot = data<const int32_t>(call, SLOTS)[row], block = slot / kChunk, at = slot % kChunk;
    const T* k = data<const T>(call, K) + (row * key_heads + g) * depth;
    const T* v = data<const T>(call, V) + (row * key_heads + g) * depth;
    T* pool_k = data<T>(call, POOL_K) + (block * key_heads + g) * depth * kChunk + at;
    T* pool_v = data<T>(call, POOL_V) + ((block * key_heads + g) * kChunk + at) * depth;
    for (int64_t x = first; x < last; x++) pool_k[x * kChunk] = k[x];
    std::copy(v + first, v + last, pool_v + first);
  }
}

}  // namespace

size_t workspace_kv_write(const sj_call&) { return 0; }

int32_t run_kv_write(const sj_call& call, sj_error* error) {
  using namespace ops::kv_write;
  const int64_t slots = dim(call, POOL_K, 0) * kChunk;
  for (int64_t row = 0; row < dim(call, K, 0); row++) {
    const int32_t slot = data<const int32_t>(call, SLOTS)[row];
    if (slot < 0 || slot >= slots)
      return fail(error, SJ_INVALID, "[kv_write] slots[%ld]: expected 0 .. %ld, received %d", long(row),
                  long(slots - 1), slot);
  }
  const int64_t depth = dim(call, K, 2), parts = ceil_div(depth, kPart);
  parallel_for(
      dim(call, K, 1) * parts,
      [&](int64_t task, int) {
        const int64_t first = task % parts * kPart, last = std::min(depth, first + kPart);
        if (is_bf16(call, K))
          write_part<uint16_t>(call, task / parts, first, last);
        else
          write_part<float>(call, task / parts, first, last);
      },
      8 * dim(call, K, 0) * std::min(depth, kPart));  // each key value to a cache line of its own
  return SJ_OK;
}

size_t workspace_kv_copy(const sj_call&) { return 0; }

int32_t run_kv_copy(const sj_call& call, sj_error* error) {
  using namespace ops::kv_copy;
  const int64_t blocks = dim(call, POOL_K, 0), moves = dim(call, MOVES, 0);
  const int32_t* move = data<const int32_t>(call, MOVES);
  for (int64_t i = 0; i < 3 * moves; i++) {
    const int64_t limit = i % 3 == 2 ? kChunk : blocks - 1;
    if (move[i] < 0 || move[i] > limit)
      return fail(error, SJ_INVALID, "[kv_copy] moves[%ld, %ld]: expected 0 .. %ld, received %d", long(i / 3),
                  long(i % 3), long(limit), move[i]);
  }
  // Values are [G 64, d] and keys [G d, 64] a block: both have 64 G d values, and a head's share is
  // contiguous.
  const int64_t key_heads = dim(call, POOL_V, 1) / kChunk, depth = dim(call, POOL_V, 2);
  const int64_t size = int64_t(element_bytes(call, POOL_K)), share = depth * kChunk * size;
  parallel_for(key_heads, [&](int64_t g, int) {
    for (int64_t i = 0; i < moves; i++) {
      const int64_t from = (move[3 * i] * key_heads + g) * share,
                    to = (move[3 * i + 1] * key_heads + g) * share;
      const int64_t count = move[3 * i + 2];
      if (from == to) continue;
      char *k = data<char>(call, POOL_K), *v = data<char>(call, POOL_V);
      for (int64_t x = 0; x < depth; x++)
        std::memcpy(k + to + x * kChunk * size, k + from + x * kChunk * size, size_t(count * size));
      std::memcpy(v + to, v + from, size_t(count * depth * size));
    }
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
