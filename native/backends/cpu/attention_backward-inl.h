// The two tasks of attention's backward. With p = exp(scale q k - lse), dp = do v and ds = scale p (dp -
// delta):
//   dq = sum over the keys of a row's path, chunks and keys ascending, of ds k;
//   dk, dv = sum over the query vectors below a key, rows and heads ascending, of ds q and p do.
// Both recompute p from the saved lse; each result element is one chain in one task, so nothing is added
// atomically.
#if defined(SELFJUDGE_ATTENTION_BACKWARD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_ATTENTION_BACKWARD_INL_H_
#undef SELFJUDGE_ATTENTION_BACKWARD_INL_H_
#else
#define SELFJUDGE_ATTENTION_BACKWARD_INL_H_
#endif

#include "attention_rows-inl.h"

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

// Scratch q and do <- the query vectors of rows [begin, end) under key head g, rows then heads ascending.
template <class T>
HWY_INLINE void gather_queries(const AttentionBackward& a, int64_t g, int64_t begin, int64_t end,
                               const AttentionBackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  for (int64_t row = begin, i = 0; row < end; row++)
    for (int64_t h = g * a.group; h < (g + 1) * a.group; h++, i++) {
      const int64_t at = (row * a.heads + h) * a.depth;
      widen(data<const T>(*a.call, Q) + at, a.depth, a.padded, scratch.q + i * a.padded);
      widen(data<const T>(*a.call, DO) + at, a.depth, a.padded, scratch.dout + i * a.padded);
    }
}

// delta of rows [begin, end).
template <class T>
HWY_INLINE void row_deltas(const AttentionBackward& a, int64_t begin, int64_t end, float* delta) {
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

// dq of rows [begin, end) under key head g.
template <class T>
HWY_INLINE void query_gradients(const AttentionBackward& a, int64_t g, int64_t begin, int64_t end,
                                const AttentionBackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  const int64_t vectors = (end - begin) * a.group, padded = a.padded, stride = a.key_heads * a.depth;
  const T *k = data<const T>(*a.call, K) + g * a.depth, *v = data<const T>(*a.call, V) + g * a.depth;
  const RowPaths paths(*a.call->tree, a.row_segment, begin, end, a.most_chunks, scratch.owners,
                       scratch.slots);
  gather_queries<T>(a, g, begin, end, scratch);
  std::fill_n(scratch.sum, vectors * padded, 0.0f);

  for (int c = 0; c < a.most_chunks; c++) {
    const auto reaches = [&](int64_t row) { return paths.keys(row) > c * kKeys; };
    for (int64_t row = begin; row < end;) {
      if (!reaches(row)) {
        row++;
        continue;
      }
      int64_t stop = row + 1;
      while (stop < end && reaches(stop) && paths.chunk_name(stop, c) == paths.chunk_name(row, c)) stop++;
      int32_t rows[kKeys];
      const int keys = paths.rows(row, c, rows);
      gather_transposed(k, stride, rows, keys, a.depth, scratch.kt);
      gather_transposed(v, stride, rows, keys, a.depth, scratch.vt);
      gather(k, stride, rows, keys, a.depth, padded, scratch.k);
      for (int64_t i = (row - begin) * a.group; i < (stop - begin) * a.group; i += kBlock) {
        const int count = static_cast<int>(std::min<int64_t>(kBlock, (stop - begin) * a.group - i));
        int seen[kBlock], most = 0;
        float lse[kBlock], delta[kBlock];
        for (int r = 0; r < count; r++) {
          const int64_t of = begin + (i + r) / a.group;
          const int64_t at = of * a.heads + g * a.group + (i + r) % a.group;
          lse[r] = data<const float>(*a.call, LSE)[at];
          delta[r] = a.delta[at];
          seen[r] = std::min(kKeys, paths.keys(of) - c * kKeys);
          most = std::max(most, seen[r]);
        }
        scores(count, scratch.q + i * padded, padded, scratch.kt, a.depth, most, scratch.s);
        scores(count, scratch.dout + i * padded, padded, scratch.vt, a.depth, most, scratch.ds);
        probability_gradients(count, lse, delta, a.scale, scratch.s, scratch.ds);
        accumulate_seen(count, scratch.ds, scratch.k, padded, seen, padded, scratch.sum + i * padded, padded);
      }
      row = stop;
    }
  }
  T* dq = data<T>(*a.call, DQ);
  for (int64_t i = 0; i < vectors; i++)
    narrow(scratch.sum + i * padded, a.depth,
           dq + ((begin + i / a.group) * a.heads + g * a.group + i % a.group) * a.depth);
}

// sums[j] += sum over the tile's query vectors that see key j of c[i][j] values[i]. Key j is row `base + j`,
// seen by the vectors of rows from there on; the tile starts at row `begin`.
HWY_INLINE void accumulate_keys(const AttentionBackward& a, const float* c, const float* values, int64_t base,
                                int keys, int64_t begin, int64_t vectors, float* sums) {
  const auto first_seeing = [&](int j) {
    return std::clamp<int64_t>((base + j - begin) * a.group, 0, vectors);
  };
  for (int j = 0; j < keys; j += kBlock) {
    const int count = std::min(kBlock, keys - j);
    const int64_t common = first_seeing(j + count - 1);
    for (int r = j; r < j + count - 1; r++) {
      const int64_t first = first_seeing(r);
      if (first < common)
        accumulate(1, c + first * kKeys + r, 1, kKeys, values + first * a.padded, a.padded,
                   static_cast<int>(common - first), a.padded, sums + r * a.padded, a.padded);
    }
    accumulate(count, c + common * kKeys + j, 1, kKeys, values + common * a.padded, a.padded,
               static_cast<int>(vectors - common), a.padded, sums + j * a.padded, a.padded);
  }
}

// dk and dv of the rows [base, base + keys) of one segment under key head g.
template <class T>
HWY_INLINE void key_gradients(const AttentionBackward& a, int64_t g, int segment, int64_t base, int keys,
                              const AttentionBackwardScratch& scratch) {
  using namespace ops::tree_attention_backward;
  const int64_t stride = a.key_heads * a.depth;
  int32_t rows[kKeys];
  for (int j = 0; j < keys; j++) rows[j] = static_cast<int32_t>(base + j);
  gather_transposed(data<const T>(*a.call, K) + g * a.depth, stride, rows, keys, a.depth, scratch.kt);
  gather_transposed(data<const T>(*a.call, V) + g * a.depth, stride, rows, keys, a.depth, scratch.vt);
  std::fill_n(scratch.sum, kKeys * a.padded, 0.0f);
  std::fill_n(scratch.other_sum, kKeys * a.padded, 0.0f);

  const auto sweep = [&](int64_t from, int64_t to) {
    for (int64_t begin = from; begin < to; begin += a.sweep) {
      const int64_t end = std::min(to, begin + a.sweep), vectors = (end - begin) * a.group;
      gather_queries<T>(a, g, begin, end, scratch);
      for (int64_t i = 0; i < vectors; i += kBlock) {
        const int count = static_cast<int>(std::min<int64_t>(kBlock, vectors - i));
        float lse[kBlock], delta[kBlock];
        for (int r = 0; r < count; r++) {
          const int64_t at = (begin + (i + r) / a.group) * a.heads + g * a.group + (i + r) % a.group;
          lse[r] = data<const float>(*a.call, LSE)[at];
          delta[r] = a.delta[at];
        }
        float *s = scratch.s + i * kKeys, *ds = scratch.ds + i * kKeys;
        scores(count, scratch.q + i * a.padded, a.padded, scratch.kt, a.depth, keys, s);
        scores(count, scratch.dout + i * a.padded, a.padded, scratch.vt, a.depth, keys, ds);
        probability_gradients(count, lse, delta, a.scale, s, ds);
      }
      accumulate_keys(a, scratch.s, scratch.dout, base, keys, begin, vectors, scratch.other_sum);
      accumulate_keys(a, scratch.ds, scratch.q, base, keys, begin, vectors, scratch.sum);
    }
  };
  // The rows below: the rest of the segment and its subtree. Segments that adjoin are swept as one stretch.
  const sj_segment* segments = a.call->tree->segments;
  int64_t from = base, to = segments[segment].start + segments[segment].length;
  for (int t = segment + 1; t <= a.subtrees.highest[segment]; t++) {
    if (!a.subtrees.below(t, segment)) continue;
    if (segments[t].start != to) {
      sweep(from, to);
      from = segments[t].start;
    }
    to = segments[t].start + segments[t].length;
  }
  sweep(from, to);

  T *dk = data<T>(*a.call, DK) + g * a.depth, *dv = data<T>(*a.call, DV) + g * a.depth;
  for (int j = 0; j < keys; j++) {
    narrow(scratch.sum + j * a.padded, a.depth, dk + (base + j) * stride);
    narrow(scratch.other_sum + j * a.padded, a.depth, dv + (base + j) * stride);
  }
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
