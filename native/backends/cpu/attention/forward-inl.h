// Forward attention of one tile: consecutive rows by the query heads of one key head, over their paths'
// chunks in ascending order. Where keys come from (rows of this call, or pool blocks) is the Source's matter:
//   int keys(row)                 keys on the row's path, at least 1
//   int64_t chunk_name(row, c)    rows with equal names for chunk c see the same keys in it
//   Chunk chunk(row, c, vectors)  those keys and values for so many query vectors, valid until the next call
#if defined(SELFJUDGE_ATTENTION_FORWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_ATTENTION_FORWARD_INL_H_
#undef SELFJUDGE_ATTENTION_FORWARD_INL_H_
#else
#define SELFJUDGE_ATTENTION_FORWARD_INL_H_
#endif

#include <cmath>

#include "kernels-inl.h"
#include "pairs.h"
#include "work.h"

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

struct Chunk {
  const float* kt;  // [d][64]
  const float* v;   // [keys][v_stride], readable to a multiple of kPad
  int64_t v_stride;
  const uint16_t *kt_bf16 = nullptr, *v_bf16 = nullptr;  // the same where they are read as they are stored
  PairFactor k_pairs{}, v_pairs{};  // the same where pairs are multiplied: nothing else is
};

// Vectors first .. first + count of a tile by one chunk's keys: their scores, and the keys each one sees.
struct Scored {
  int64_t first;
  int count;
  float* s;
  SeenKeys seen;
};

// For each query vector r, s <- exp(scale s - max[r]) over the keys it sees and 0 elsewhere, with the
// chunk's max and sum. Always all 64 columns in the same order, so a row's sum does not depend on who shares
// the tile. The passes go over all vectors so that one's reduction overlaps the next one's.
HWY_INLINE void chunk_softmax(int count, float* s, const SeenKeys& seen, float scale, float* max,
                              float* sum) {
  const Lanes d;
  const auto factor = hn::Set(d, scale), lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (int r = 0; r < count; r++) {
    Vector most = lowest;
    for (int j = 0; j < kKeys; j += kLanes) {
      float* at = s + r * kKeys + j;
      auto mask = hn::FirstN(d, static_cast<size_t>(std::max(0, seen.last[r] - j)));
      if (seen.first[r] > j) mask = hn::AndNot(hn::FirstN(d, static_cast<size_t>(seen.first[r] - j)), mask);
      const auto value = hn::IfThenElse(mask, hn::Mul(hn::LoadU(d, at), factor), lowest);
      hn::StoreU(value, d, at);
      most = hn::Max(most, value);
    }
    max[r] = max_of_lanes(most);
  }
  for (int r = 0; r < count; r++) {
    const auto top = hn::Set(d, max[r]);
    const auto shift = hn::IfThenZeroElse(hn::Eq(top, lowest), top);
    Vector total = hn::Zero(d);
    for (int j = 0; j < kKeys; j += kLanes) {
      float* at = s + r * kKeys + j;
      const auto p = exp(hn::Sub(hn::LoadU(d, at), shift));
      hn::StoreU(p, d, at);
      total = hn::Add(total, p);
    }
    sum[r] = sum_of_lanes(total);
  }
}

// (M, L, O) <- the merge with one chunk's (m, l, o): M' = max(M, m), each side scaled by e^(its max - M').
HWY_INLINE void merge_chunk(int count, const float* max, const float* sum, const float* part, int64_t padded,
                            float* m, float* l, float* o) {
  const Lanes d;
  alignas(64) float old_weight[kMostBlock], new_weight[kMostBlock],
      old_m[kMostBlock] = {}, old_l[kMostBlock] = {}, new_m[kMostBlock], new_l[kMostBlock];
  std::copy_n(m, count, old_m);
  std::copy_n(l, count, old_l);
  const auto lowest = hn::Set(d, -std::numeric_limits<float>::infinity());
  for (int r = 0; r < count; r += kLanes) {
    const auto before = hn::LoadU(d, old_m + r), here = hn::LoadU(d, max + r);
    const auto top = hn::Max(before, here);
    const auto shift = hn::IfThenZeroElse(hn::Eq(top, lowest), top);
    const auto a = exp(hn::Sub(before, shift)), b = exp(hn::Sub(here, shift));
    hn::StoreU(a, d, old_weight + r);
    hn::StoreU(b, d, new_weight + r);
    hn::StoreU(top, d, new_m + r);
    hn::StoreU(hn::MulAdd(hn::LoadU(d, old_l + r), a, hn::Mul(hn::LoadU(d, sum + r), b)), d, new_l + r);
  }
  std::copy_n(new_m, count, m);
  std::copy_n(new_l, count, l);
  for (int r = 0; r < count; r++) {
    const auto a = hn::Set(d, old_weight[r]), b = hn::Set(d, new_weight[r]);
    for (int64_t x = 0; x < padded; x += kLanes) {
      float* at = o + r * padded + x;
      hn::StoreU(hn::MulAdd(hn::LoadU(d, at), a, hn::Mul(hn::LoadU(d, part + r * padded + x), b)), d, at);
    }
  }
}

// Rows [begin, end) with key head g: q, o are [T, heads, depth] tensors of T, lse [T, heads] or null.
template <class T, class Source>
HWY_INLINE void forward_tile(const AttentionWork& a, const AttentionScratch& scratch, Source& source,
                             int64_t g, int64_t begin, int64_t end, const T* q, T* o, float* lse) {
  const int64_t heads = a.heads, group = a.group, depth = a.depth, padded = a.padded;
  const bool pairs = a.pairs;
  const int height = a.block;
  const int64_t vectors = (end - begin) * group;
  uint16_t* const q_pairs = reinterpret_cast<uint16_t*>(scratch.q);
  int first_chunk = std::numeric_limits<int>::max(), chunks = 0;
  for (int64_t row = begin; row < end; row++) {
    first_chunk = std::min(first_chunk, first_seen(source.keys(row), a.window) / kKeys);
    chunks = std::max(chunks, (source.keys(row) + kKeys - 1) / kKeys);
    for (int64_t h = 0; h < group; h++) {
      const T* from = q + (row * heads + g * group + h) * depth;
      const int64_t to = ((row - begin) * group + h) * padded;
      if constexpr (sizeof(T) == 2)
        if (pairs) {
          copy_padded(from, depth, padded, q_pairs + to);
          continue;
        }
      widen(from, depth, padded, scratch.q + to);
    }
  }
  std::fill_n(scratch.m, vectors, -std::numeric_limits<float>::infinity());
  std::fill_n(scratch.l, vectors, 0.0f);
  std::fill_n(scratch.o, vectors * padded, 0.0f);

  for (int c = first_chunk; c < chunks; c++) {
    const auto reaches = [&](int64_t row) { return reaches_chunk(c, source.keys(row), a.window); };
    for (int64_t row = begin; row < end;) {
      if (!reaches(row)) {
        row++;
        continue;
      }
      int64_t stop = row + 1;
      const int64_t name = source.chunk_name(row, c);
      while (stop < end && reaches(stop) && source.chunk_name(stop, c) == name) stop++;
      const int64_t last = (stop - begin) * group;
      const Chunk chunk = source.chunk(row, c, (stop - row) * group);
      const auto scored = [&](int64_t i, float* s) HWY_ATTR {
        Scored block{i, static_cast<int>(std::min<int64_t>(height, last - i)), s, {}};
        SeenKeys& seen = block.seen;
        for (int r = 0; r < block.count; r++) seen.set(r, c, source.keys(begin + (i + r) / group), a.window);
        if (pairs)
          kernels().pair_tile({q_pairs + i * padded, padded, block.count, chunk.k_pairs.data,
                               chunk.k_pairs.stride, chunk.k_pairs.packed, 0, depth, round_up(seen.most, 32),
                               s, kKeys, false});
        else if (chunk.kt_bf16)
          scores(block.count, scratch.q + i * padded, padded, chunk.kt_bf16, depth, seen.most, s);
        else
          scores(block.count, scratch.q + i * padded, padded, chunk.kt, depth, seen.most, s);
        return block;
      };
      // A block is scored before the softmax of the one before it, so that matrix instructions run beside it
      // where they have a unit of their own.
      Scored block = scored((row - begin) * group, scratch.s), next = block;
      for (;; block = next) {
        const int64_t i = block.first, after = i + block.count;
        float* const free = block.s == scratch.s ? scratch.s + height * kKeys : scratch.s;
        if (after < last) next = scored(after, free);
        alignas(64) float max[kMostBlock] = {}, sum[kMostBlock] = {};
        chunk_softmax(block.count, block.s, block.seen, a.scale, max, sum);
        std::fill_n(scratch.part, block.count * padded, 0.0f);
        const int *from = block.seen.first, *to = block.seen.last;
        if (pairs) {
          kernels().narrow_factor(block.s, scratch.p, block.count * kKeys);
          accumulate_pairs_between(block.count, scratch.p, kKeys, chunk.v_pairs, from, to, padded,
                                   scratch.part);
        } else if (chunk.v_bf16) {
          accumulate_between(block.count, block.s, kKeys, 1, chunk.v_bf16, chunk.v_stride, from, to, padded,
                             scratch.part, padded);
        } else {
          accumulate_between(block.count, block.s, kKeys, 1, chunk.v, chunk.v_stride, from, to, padded,
                             scratch.part, padded);
        }
        merge_chunk(block.count, max, sum, scratch.part, padded, scratch.m + i, scratch.l + i,
                    scratch.o + i * padded);
        if (after == last) break;
      }
      row = stop;
    }
  }

  for (int64_t i = 0; i < vectors; i++) {
    const int64_t to = (begin + i / group) * heads + g * group + i % group;
    const Vector sum = hn::Set(Lanes(), scratch.l[i]);
    strip(depth, [&](int64_t x, int count) HWY_ATTR {
      store_some(hn::Div(load_some(scratch.o + i * padded + x, count), sum), o + to * depth + x, count);
    });
    if (lse) lse[to] = static_cast<float>(double(scratch.m[i]) + std::log(double(scratch.l[i])));
  }
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
