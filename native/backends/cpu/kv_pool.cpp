// kv_write and kv_copy: moving keys and values into and between pool blocks (ops/kv_pool.h), by key head and,
// in kv_write, part of it: each task visits the rows or moves in order, so of two that name one slot the
// later wins.
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/kv_pool.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <cstring>

#include <hwy/foreach_target.h>

#include "../../include/ops/kv_pool.h"
#include "../../include/ops/tree_attention.h"
#include "../arguments.h"
#include "../fail.h"
#include "thread_pool.h"

#include "rotate-inl.h"
// clang-format on

#ifndef SELFJUDGE_KV_PART
#define SELFJUDGE_KV_PART
namespace selfjudge::cpu {
constexpr int64_t kMostPart = 32;  // values of a head that a task writes

// Values of a head that are rotated: its first.
inline int64_t rotated_of(const sj_call& call) {
  using namespace ops::kv_write;
  return present(call, TABLE) ? dim(call, TABLE, 1) : 0;
}
}  // namespace selfjudge::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

// Where the cosines of a row's angles are; the sines follow them.
HWY_INLINE const float* angles_of(const sj_call& call, int64_t row) {
  using namespace ops::kv_write;
  return data<const float>(call, TABLE) + data<const int32_t>(call, POSITIONS)[row] * dim(call, TABLE, 1);
}

// `part` values of each row's head g: those from `first` on, as they are; or where `first` is rotated, half
// as many from it on and their partners.
template <class T>
HWY_INLINE void write_part(const sj_call& call, int64_t g, int64_t first, int64_t part) {
  using namespace ops::kv_write;
  using ops::kChunk;
  const int64_t key_heads = dim(call, K, 1), depth = dim(call, K, 2), rotated = rotated_of(call),
                half = rotated / 2;
  for (int64_t row = 0; row < dim(call, K, 0); row++) {
    const int64_t slot = data<const int32_t>(call, SLOTS)[row], block = slot / kChunk, at = slot % kChunk;
    const int64_t from = (row * key_heads + g) * depth + first, head = block * key_heads + g;
    const T *k = data<const T>(call, K) + from, *v = data<const T>(call, V) + from;
    T* pool_k = data<T>(call, POOL_K) + (head * depth + first) * kChunk + at;
    T* pool_v = data<T>(call, POOL_V) + (head * kChunk + at) * depth + first;
    if (first >= rotated) {
      for (int64_t x = 0; x < part; x++) pool_k[x * kChunk] = k[x];
      std::copy_n(v, part, pool_v);
      continue;
    }
    const float* cosine = angles_of(call, row) + first;
    T low[kMostPart / 2], high[kMostPart / 2];
    rotate_pairs(cosine, cosine + half, 1.0f, part / 2, k, k + half, low, high);
    for (int64_t x = 0; x < part / 2; x++) {
      pool_k[x * kChunk] = low[x];
      pool_k[(half + x) * kChunk] = high[x];
    }
    std::copy_n(v, part / 2, pool_v);
    std::copy_n(v + half, part / 2, pool_v + half);
  }
}

template <class T>
HWY_INLINE void rotate_queries(const sj_call& call, int64_t begin, int64_t end) {
  using namespace ops::kv_write;
  const int64_t heads = dim(call, Q, 1), depth = dim(call, Q, 2);
  for (int64_t row = begin; row < end; row++)
    rotate_heads(angles_of(call, row), 1.0f, heads, depth, dim(call, TABLE, 1),
                 data<T>(call, Q) + row * heads * depth);
}

void kv_write_part(const sj_call& call, int64_t g, int64_t first, int64_t part) {
  if (is_bf16(call, ops::kv_write::K))
    write_part<uint16_t>(call, g, first, part);
  else
    write_part<float>(call, g, first, part);
}

void kv_write_queries(const sj_call& call, int64_t begin, int64_t end) {
  if (is_bf16(call, ops::kv_write::K))
    rotate_queries<uint16_t>(call, begin, end);
  else
    rotate_queries<float>(call, begin, end);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(kv_write_part);
HWY_EXPORT(kv_write_queries);
using ops::kChunk;

size_t workspace_kv_write(const sj_call&) { return 0; }

int32_t run_kv_write(const sj_call& call, sj_error* error) {
  using namespace ops::kv_write;
  const int64_t rows = dim(call, K, 0), slots = dim(call, POOL_K, 0) * kChunk;
  for (int64_t row = 0; row < rows; row++) {
    const int32_t slot = data<const int32_t>(call, SLOTS)[row];
    if (slot < 0 || slot >= slots)
      return fail(error, SJ_INVALID, "[kv_write] slots[%ld]: expected 0 .. %ld, received %d", long(row),
                  long(slots - 1), slot);
    if (!present(call, TABLE)) continue;
    const int32_t position = data<const int32_t>(call, POSITIONS)[row];
    if (position < 0 || position >= dim(call, TABLE, 0))
      return fail(error, SJ_INVALID, "[kv_write] positions[%ld]: expected 0 .. %ld, received %d", long(row),
                  long(dim(call, TABLE, 0) - 1), position);
  }
  // Parts of a head, in steps of whole vectors: of both halves of what is rotated, then of the rest.
  constexpr int64_t kMostPairs = kMostPart / 2;
  const int64_t depth = dim(call, K, 2), rotated = rotated_of(call),
                turned = ceil_div(rotated / 2, kMostPairs),
                parts = turned + ceil_div(depth - rotated, kMostPart), writes = dim(call, K, 1) * parts;
  const bool queries = call.tensors[Q].data != nullptr;
  const int64_t piece = queries ? std::max<int64_t>(1, 4096 / (dim(call, Q, 1) * depth)) : 1;
  parallel_for(
      writes + (queries ? ceil_div(rows, piece) : 0),
      [&](int64_t task, int) {
        if (task >= writes) {
          const int64_t begin = (task - writes) * piece;
          HWY_DYNAMIC_DISPATCH(kv_write_queries)(call, begin, std::min(rows, begin + piece));
          return;
        }
        const int64_t part = task % parts;
        const bool turns = part < turned;
        const int64_t first = turns ? part * kMostPairs : rotated + (part - turned) * kMostPart;
        HWY_DYNAMIC_DISPATCH(kv_write_part)
        (call, task / parts, first,
         turns ? 2 * std::min(rotated / 2 - first, kMostPairs) : std::min(depth - first, kMostPart));
      },
      8 * rows * std::min(depth, kMostPart));  // each key value to a cache line of its own
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
#endif
