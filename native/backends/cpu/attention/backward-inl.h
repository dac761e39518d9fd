// The two tasks of attention's backward. With p = exp(scale q k - lse), dp = do v and ds = scale p (dp -
// delta):
//   dq = sum over the keys that a row sees, chunks and keys ascending, of ds k;
//   dk, dv = sum over the query vectors that see a key, rows and heads ascending, of ds q and p do.
// Both recompute p from the saved lse; each result element is one chain in one task, so nothing is added
// atomically.
#if defined(SELFJUDGE_ATTENTION_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_ATTENTION_BACKWARD_INL_H_
#undef SELFJUDGE_ATTENTION_BACKWARD_INL_H_
#else
#define SELFJUDGE_ATTENTION_BACKWARD_INL_H_
#endif

#include "backward.h"
#include "pairs.h"
#include "rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

// s <- p and ds <- ds for `count` query vectors by 64 keys, from s = q k and ds = do v.
HWY_INLINE void probability_gradients(int64_t count, const float* lse, const float* delta, float scale,
                                      float* s, float* ds) {
  const Lanes d;
  const auto factor = hn::Set(d, scale);
  for (int64_t r = 0; r < count; r++)
    for (int64_t j = r * kKeys; j < (r + 1) * kKeys; j += kLanes) {
      const auto p = exp(hn::Sub(hn::Mul(hn::LoadU(d, s + j), factor), hn::Set(d, lse[r])));
      hn::StoreU(p, d, s + j);
      hn::StoreU(hn::Mul(hn::Mul(p, factor), hn::Sub(hn::LoadU(d, ds + j), hn::Set(d, delta[r]))), d, ds + j);
    }
}

HWY_INLINE uint16_t* bf16_of(float* scratch) { return reinterpret_cast<uint16_t*>(scratch); }
HWY_INLINE uint32_t* pairs_of(float* scratch) { return reinterpret_cast<uint32_t*>(scratch); }

// The keys and values that a task turns to: k and v as factors of scores, and (for dq) k as a factor of sums.
struct BackwardChunk {
  PairFactor kt, vt, k;
};
template <class T>
HWY_INLINE BackwardChunk gather_chunk(const BackwardWork& a, int64_t g, const int32_t* rows, int keys,
                                      bool sums, const BackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  const T *k = data<const T>(*a.call, K) + g * a.depth, *v = data<const T>(*a.call, V) + g * a.depth;
  const int64_t stride = a.key_heads * a.depth;
  BackwardChunk chunk;
  if constexpr (sizeof(T) == 2)
    if (a.pairs) {
      uint32_t* memory = pairs_of(scratch.k);
      chunk.kt = pair_depths(k, stride, rows, keys, a.depth, pairs_of(scratch.kt), memory);
      chunk.vt = pair_depths(v, stride, rows, keys, a.depth, pairs_of(scratch.vt), memory);
      if (sums) chunk.k = pair_rows(k, stride, rows, keys, a.depth, a.padded, memory);
      return chunk;
    }
  gather_transposed(k, stride, rows, keys, a.depth, scratch.kt);
  gather_transposed(v, stride, rows, keys, a.depth, scratch.vt);
  if (sums) gather(k, stride, rows, keys, a.depth, a.padded, scratch.k);
  return chunk;
}

// s = q k and ds = do v of `count` gathered query vectors from vector i on by the chunk's keys, of which the
// first `most` count.
HWY_INLINE void score_products(const BackwardWork& a, const BackwardScratch& scratch,
                               const BackwardChunk& chunk, int count, int64_t i, int most, float* s,
                               float* ds) {
  if (a.pairs) {
    const auto multiply = [&](float* left, const PairFactor& right, float* to) {
      kernels().pair_tile({bf16_of(left) + i * a.padded, a.padded, count, right.data, right.stride,
                           right.packed, 0, a.depth, kKeys, to, kKeys, false});
    };
    multiply(scratch.q, chunk.kt, s);
    multiply(scratch.dout, chunk.vt, ds);
  } else {
    scores(count, scratch.q + i * a.padded, a.padded, scratch.kt, a.depth, most, s);
    scores(count, scratch.dout + i * a.padded, a.padded, scratch.vt, a.depth, most, ds);
  }
}

// lse and delta of `count` query vectors under key head g from the i-th of rows [begin, ..) on.
HWY_INLINE void row_values(const BackwardWork& a, int64_t g, int64_t begin, int64_t i, int count, float* lse,
                           float* delta) {
  for (int r = 0; r < count; r++) {
    const int64_t at = (begin + (i + r) / a.group) * a.heads + g * a.group + (i + r) % a.group;
    lse[r] = data<const float>(*a.call, ops::tree_attention_backward::LSE)[at];
    delta[r] = a.delta[at];
  }
}

// Scratch q and do <- the query vectors of rows [begin, end) under key head g, rows then heads ascending.
template <class T>
HWY_INLINE void gather_queries(const BackwardWork& a, int64_t g, int64_t begin, int64_t end,
                               const BackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  for (int64_t row = begin, i = 0; row < end; row++)
    for (int64_t h = g * a.group; h < (g + 1) * a.group; h++, i++) {
      const T *q = data<const T>(*a.call, Q) + (row * a.heads + h) * a.depth,
              *dout = data<const T>(*a.call, DO) + (row * a.heads + h) * a.depth;
      if constexpr (sizeof(T) == 2)
        if (a.pairs) {
          copy_padded(q, a.depth, a.padded, bf16_of(scratch.q) + i * a.padded);
          copy_padded(dout, a.depth, a.padded, bf16_of(scratch.dout) + i * a.padded);
          continue;
        }
      widen(q, a.depth, a.padded, scratch.q + i * a.padded);
      widen(dout, a.depth, a.padded, scratch.dout + i * a.padded);
    }
}

// delta of rows [begin, end).
template <class T>
HWY_INLINE void row_deltas(const BackwardWork& a, int64_t begin, int64_t end, float* delta) {
  using namespace ops::tree_attention_backward;
  const Lanes d;
  for (int64_t i = begin * a.heads; i < end * a.heads; i++) {
    const T *o = data<const T>(*a.call, O) + i * a.depth, *dout = data<const T>(*a.call, DO) + i * a.depth;
    Vector sum = hn::Zero(d);
    strip(a.depth, [&](int64_t x, int count) HWY_ATTR {
      sum = hn::MulAdd(load_some(o + x, count), load_some(dout + x, count), sum);
    });
    delta[i] = sum_of_lanes(sum);
  }
}

// Query vectors first .. first + count of a tile by one chunk's keys: q k and do v, in the first or second
// half of scratch, and the keys each one sees.
struct ScoredGradients {
  int64_t first;
  int count;
  bool second;
  float *s, *ds;
  SeenKeys seen;
};

// dq of rows [begin, end) under key head g.
template <class T>
HWY_INLINE void query_gradients(const BackwardWork& a, int64_t g, int64_t begin, int64_t end,
                                const BackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  const int64_t vectors = (end - begin) * a.group, padded = a.padded;
  const RowPaths paths(*a.call->tree, a.row_segment, begin, end, a.most_chunks, scratch.owners,
                       scratch.slots);
  gather_queries<T>(a, g, begin, end, scratch);
  std::fill_n(scratch.sum, vectors * padded, 0.0f);

  int first_chunk = a.most_chunks;
  for (int64_t row = begin; row < end; row++)
    first_chunk = std::min(first_chunk, first_seen(paths.keys(row), a.window) / kKeys);
  for (int c = first_chunk; c < a.most_chunks; c++) {
    const auto reaches = [&](int64_t row) { return reaches_chunk(c, paths.keys(row), a.window); };
    for (int64_t row = begin; row < end;) {
      if (!reaches(row)) {
        row++;
        continue;
      }
      int64_t stop = row + 1;
      while (stop < end && reaches(stop) && paths.chunk_name(stop, c) == paths.chunk_name(row, c)) stop++;
      int32_t rows[kKeys];
      const int keys = paths.rows(row, c, rows);
      const BackwardChunk chunk = gather_chunk<T>(a, g, rows, keys, true, scratch);
      const int64_t last = (stop - begin) * a.group;
      const auto scored = [&](int64_t i, bool second) HWY_ATTR {
        ScoredGradients block;
        block.first = i;
        block.count = static_cast<int>(std::min<int64_t>(a.block, last - i));
        block.second = second;
        block.s = scratch.s + second * a.block * kKeys;
        block.ds = scratch.ds + second * a.block * kKeys;
        for (int r = 0; r < block.count; r++)
          block.seen.set(r, c, paths.keys(begin + (i + r) / a.group), a.window);
        score_products(a, scratch, chunk, block.count, i, block.seen.most, block.s, block.ds);
        return block;
      };
      // As in the forward, the next block's products are asked for first.
      ScoredGradients block = scored((row - begin) * a.group, false), next = block;
      for (;; block = next) {
        const int64_t i = block.first, after = i + block.count;
        if (after < last) next = scored(after, !block.second);
        float lse[kMostBlock], delta[kMostBlock];
        row_values(a, g, begin, i, block.count, lse, delta);
        probability_gradients(block.count, lse, delta, a.scale, block.s, block.ds);
        float* sum = scratch.sum + i * padded;
        const int *from = block.seen.first, *to = block.seen.last;
        if (a.pairs) {
          kernels().narrow_factor(block.ds, scratch.ds_bf16, block.count * kKeys);
          accumulate_pairs_between(block.count, scratch.ds_bf16, kKeys, chunk.k, from, to, padded, sum);
        } else {
          accumulate_between(block.count, block.ds, kKeys, 1, scratch.k, padded, from, to, padded, sum,
                             padded);
        }
        if (after == last) break;
      }
      row = stop;
    }
  }
  T* dq = data<T>(*a.call, DQ);
  for (int64_t i = 0; i < vectors; i++)
    narrow(scratch.sum + i * padded, a.depth,
           dq + ((begin + i / a.group) * a.heads + g * a.group + i % a.group) * a.depth);
}

// A sweep's tile of query vectors, and which of them see a key of the block: those of rows `from` + j to
// `gone` + j see key j, counted from the tile's first.
struct SweptVectors {
  int64_t from, gone, group, count;
  void see(int j, int* first, int* last) const {
    *first = static_cast<int>(std::clamp<int64_t>((from + j) * group, 0, count));
    *last = static_cast<int>(std::clamp<int64_t>((gone + j) * group, 0, count));
  }
};

// sums[j] += sum over the vectors that see key j of c[i][j] values[i].
HWY_INLINE void accumulate_keys(const BackwardWork& a, const float* c, const float* values, int keys,
                                const SweptVectors& vectors, float* sums) {
  for (int j = 0; j < keys; j += kBlock) {
    const int count = std::min(kBlock, keys - j);
    int first[kBlock], last[kBlock];
    for (int r = 0; r < count; r++) vectors.see(j + r, first + r, last + r);
    accumulate_between(count, c + j, 1, kKeys, values, a.padded, first, last, a.padded, sums + j * a.padded,
                       a.padded);
  }
}

// The same of pairs: c is turned, [64][swept] in bf16, and values are packed pairs of query vectors.
HWY_INLINE void accumulate_key_pairs(const BackwardWork& a, uint16_t* c, const uint32_t* values, int keys,
                                     const SweptVectors& vectors, float* sums) {
  const int64_t swept = swept_vectors(a);
  for (int j = 0; j < keys; j += a.block) {
    const int count = std::min(a.block, keys - j);
    int first[kMostBlock], last[kMostBlock];
    for (int r = 0; r < count; r++) vectors.see(j + r, first + r, last + r);
    accumulate_pairs_between(count, c + j * swept, swept, {values, a.padded, true}, first, last, a.padded,
                             sums + j * a.padded);
  }
}

// A sweep's p and ds [vectors][64] and its q and do as accumulate_key_pairs takes them.
HWY_INLINE void pair_queries(const BackwardWork& a, int64_t vectors, const BackwardScratch& scratch) {
  const int64_t swept = swept_vectors(a);
  for (const auto& [from, to] : {std::pair{scratch.s, scratch.p_bf16}, {scratch.ds, scratch.ds_bf16}}) {
    kernels().transpose(from, kKeys, vectors, kKeys, scratch.turned, swept);
    kernels().narrow_factor(scratch.turned, to, kKeys * swept);
  }
  pair_rows(bf16_of(scratch.q), a.padded, nullptr, int(vectors), a.padded, a.padded, scratch.q_pairs);
  pair_rows(bf16_of(scratch.dout), a.padded, nullptr, int(vectors), a.padded, a.padded, scratch.dout_pairs);
}

// dk and dv of the rows [base, base + keys) of one segment under key head g.
template <class T>
HWY_INLINE void key_gradients(const BackwardWork& a, int64_t g, int segment, int64_t base, int keys,
                              const BackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  const int64_t stride = a.key_heads * a.depth;
  int32_t rows[kKeys];
  for (int j = 0; j < keys; j++) rows[j] = static_cast<int32_t>(base + j);
  const BackwardChunk chunk = gather_chunk<T>(a, g, rows, keys, false, scratch);
  std::fill_n(scratch.sum, kKeys * a.padded, 0.0f);
  std::fill_n(scratch.other_sum, kKeys * a.padded, 0.0f);

  // Rows [from, to), of which those from `gone` + j on see key j no longer.
  const auto sweep = [&](int64_t from, int64_t to, int64_t gone) {
    for (int64_t begin = from; begin < to; begin += a.sweep) {
      const int64_t end = std::min(to, begin + a.sweep);
      const SweptVectors swept{base - begin, gone - begin, a.group, (end - begin) * a.group};
      const int64_t vectors = swept.count;
      gather_queries<T>(a, g, begin, end, scratch);
      const auto score = [&](int64_t i) HWY_ATTR {
        score_products(a, scratch, chunk, static_cast<int>(std::min<int64_t>(a.block, vectors - i)), i, keys,
                       scratch.s + i * kKeys, scratch.ds + i * kKeys);
      };
      score(0);
      for (int64_t i = 0; i < vectors; i += a.block) {
        if (i + a.block < vectors) score(i + a.block);
        const int count = static_cast<int>(std::min<int64_t>(a.block, vectors - i));
        float lse[kMostBlock], delta[kMostBlock];
        row_values(a, g, begin, i, count, lse, delta);
        probability_gradients(count, lse, delta, a.scale, scratch.s + i * kKeys, scratch.ds + i * kKeys);
      }
      if (a.pairs) {
        pair_queries(a, vectors, scratch);
        accumulate_key_pairs(a, scratch.p_bf16, scratch.dout_pairs, keys, swept, scratch.other_sum);
        accumulate_key_pairs(a, scratch.ds_bf16, scratch.q_pairs, keys, swept, scratch.sum);
        continue;
      }
      accumulate_keys(a, scratch.s, scratch.dout, keys, swept, scratch.other_sum);
      accumulate_keys(a, scratch.ds, scratch.q, keys, swept, scratch.sum);
    }
  };
  // The rows below: the rest of the segment and its subtree, as far as a key is seen. Segments that adjoin
  // are swept as one stretch, which ends where some of the keys are no longer seen.
  const sj_segment* segments = a.call->tree->segments;
  const int64_t depth = segments[segment].depth + base - segments[segment].start;
  int64_t from = base, to = base;
  const auto take = [&](int64_t start, int64_t length, int64_t row_depth) {
    const int64_t gone = start + depth + a.window - row_depth;  // the row that is too deep to see key 0
    if (start != to || gone < start) {
      sweep(from, to, to);
      from = start;
    }
    to = start + std::clamp<int64_t>(gone + keys - 1 - start, 0, length);
    if (gone >= start + length) return;
    sweep(from, to, gone);
    from = to;
  };
  take(base, segments[segment].start + segments[segment].length - base, depth);
  for (int t = segment + 1; t <= a.subtrees.highest[segment]; t++)
    if (a.subtrees.below(t, segment)) take(segments[t].start, segments[t].length, segments[t].depth);
  sweep(from, to, to);

  T *dk = data<T>(*a.call, DK) + g * a.depth, *dv = data<T>(*a.call, DV) + g * a.depth;
  for (int j = 0; j < keys; j++) {
    narrow(scratch.sum + j * a.padded, a.depth, dk + (base + j) * stride);
    narrow(scratch.other_sum + j * a.padded, a.depth, dv + (base + j) * stride);
  }
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
