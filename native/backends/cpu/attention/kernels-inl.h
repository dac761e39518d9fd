// The inner loops of attention: tiles of a few query vectors against one chunk of 64 keys. Forward, backward,
// training and pool all run these, which is why their bits agree.
//
// Keys and values are float32, or bf16 that is widened as it is read (which changes no bits): a chunk that
// only a few query vectors see is not worth a widened copy.
//
// Every result element is one chain of fused multiply-adds in a fixed order, in a lane of its own; how many
// query vectors share a call (R) and how many lanes a register has never enter it.
#if defined(SELFJUDGE_ATTENTION_KERNELS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_ATTENTION_KERNELS_INL_H_
#undef SELFJUDGE_ATTENTION_KERNELS_INL_H_
#else
#define SELFJUDGE_ATTENTION_KERNELS_INL_H_
#endif

#include <algorithm>
#include <limits>

#include "../../../core/bf16.h"
#include "../vectors-inl.h"
#include "plan.h"

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

// A register block is kBlock query vectors by kWide registers: 24 accumulators of 32, or 12 of 16.
inline constexpr int kWide = kLanes == 16 ? 4 : 2;

// s[r][j] = sum over ascending x of q[r][x] kt[x][j] for r < R, for the columns j < round_up(keys, block).
template <int R, class T>
HWY_INLINE void scores_of(const float* q, int64_t q_stride, const T* kt, int64_t depth, int keys, float* s) {
  const Lanes d;
  for (int column = 0; column < keys; column += kWide * kLanes) {
    Vector sum[R][kWide];
    for (int r = 0; r < R; r++)
      for (int w = 0; w < kWide; w++) sum[r][w] = hn::Zero(d);
    const T* key = kt + column;
    for (int64_t x = 0; x < depth; x++, key += kKeys) {
      Vector k[kWide];
      for (int w = 0; w < kWide; w++) k[w] = load(d, key + w * kLanes);
      for (int r = 0; r < R; r++) {
        const Vector a = hn::Set(d, q[r * q_stride + x]);
        for (int w = 0; w < kWide; w++) sum[r][w] = hn::MulAdd(a, k[w], sum[r][w]);
      }
    }
    for (int r = 0; r < R; r++)
      for (int w = 0; w < kWide; w++) hn::StoreU(sum[r][w], d, s + r * kKeys + column + w * kLanes);
  }
}

template <int R, int W, class T>
HWY_INLINE void accumulate_columns(const float* c, int64_t row, int64_t step, const T* v, int64_t v_stride,
                                   int n, float* sum, int64_t sum_stride) {
  const Lanes d;
  Vector total[R][W];
  for (int r = 0; r < R; r++)
    for (int w = 0; w < W; w++) total[r][w] = hn::LoadU(d, sum + r * sum_stride + w * kLanes);
  for (int j = 0; j < n; j++, c += step, v += v_stride) {
    Vector value[W];
    for (int w = 0; w < W; w++) value[w] = load(d, v + w * kLanes);
    for (int r = 0; r < R; r++) {
      const Vector a = hn::Set(d, c[r * row]);
      for (int w = 0; w < W; w++) total[r][w] = hn::MulAdd(a, value[w], total[r][w]);
    }
  }
  for (int r = 0; r < R; r++)
    for (int w = 0; w < W; w++) hn::StoreU(total[r][w], d, sum + r * sum_stride + w * kLanes);
}

// sum[r][x] += sum over ascending j < n of c[r row + j step] v[j][x] for r < R and all x < padded.
template <int R, class T>
HWY_INLINE void accumulate_of(const float* c, int64_t row, int64_t step, const T* v, int64_t v_stride, int n,
                              int64_t padded, float* sum, int64_t sum_stride) {
  int64_t x = 0;
  for (; x + kWide * kLanes <= padded; x += kWide * kLanes)
    accumulate_columns<R, kWide>(c, row, step, v + x, v_stride, n, sum + x, sum_stride);
  for (; x < padded; x += kLanes)
    accumulate_columns<R, 1>(c, row, step, v + x, v_stride, n, sum + x, sum_stride);
}

// The two above for a run-time number of query vectors, 1 .. kBlock.
template <class T>
HWY_NOINLINE void scores(int count, const float* q, int64_t q_stride, const T* kt, int64_t depth, int keys,
                         float* s) {
  switch (count) {
    case 1:
      return scores_of<1>(q, q_stride, kt, depth, keys, s);
    case 2:
      return scores_of<2>(q, q_stride, kt, depth, keys, s);
    case 3:
      return scores_of<3>(q, q_stride, kt, depth, keys, s);
    case 4:
      return scores_of<4>(q, q_stride, kt, depth, keys, s);
    case 5:
      return scores_of<5>(q, q_stride, kt, depth, keys, s);
    default:
      return scores_of<kBlock>(q, q_stride, kt, depth, keys, s);
  }
}
template <class T>
HWY_NOINLINE void accumulate(int count, const float* c, int64_t row, int64_t step, const T* v,
                             int64_t v_stride, int n, int64_t padded, float* sum, int64_t sum_stride) {
  switch (count) {
    case 1:
      return accumulate_of<1>(c, row, step, v, v_stride, n, padded, sum, sum_stride);
    case 2:
      return accumulate_of<2>(c, row, step, v, v_stride, n, padded, sum, sum_stride);
    case 3:
      return accumulate_of<3>(c, row, step, v, v_stride, n, padded, sum, sum_stride);
    case 4:
      return accumulate_of<4>(c, row, step, v, v_stride, n, padded, sum, sum_stride);
    case 5:
      return accumulate_of<5>(c, row, step, v, v_stride, n, padded, sum, sum_stride);
    default:
      return accumulate_of<kBlock>(c, row, step, v, v_stride, n, padded, sum, sum_stride);
  }
}

// sum[r][x] += sum over ascending first[r] <= j < last[r] of c[r row + j step] v[j][x]: what lies outside may
// hold anything, NaN included.
template <class T>
HWY_INLINE void accumulate_between(int count, const float* c, int64_t row, int64_t step, const T* v,
                                   int64_t v_stride, const int* first, const int* last, int64_t padded,
                                   float* sum, int64_t sum_stride) {
  const auto add = [&](int r, int rows, int from, int to) {
    if (from < to)
      accumulate(rows, c + r * row + from * step, row, step, v + from * v_stride, v_stride, to - from, padded,
                 sum + r * sum_stride, sum_stride);
  };
  // What is common to all goes together, what is before and after it alone.
  const int from = *std::max_element(first, first + count), to = *std::min_element(last, last + count);
  if (from >= to) {
    for (int r = 0; r < count; r++) add(r, 1, first[r], last[r]);
    return;
  }
  for (int r = 0; r < count; r++) add(r, 1, first[r], from);
  add(0, count, from, to);
  for (int r = 0; r < count; r++) add(r, 1, to, last[r]);
}

HWY_INLINE float as_float(float value) { return value; }
HWY_INLINE float as_float(uint16_t value) { return bf16_to_float(value); }

// out[x][j] = in[rows[j]][x] for the `count` rows of `stride` values each, zero up to 64 columns.
template <class T>
HWY_INLINE void gather_transposed(const T* in, int64_t stride, const int32_t* rows, int count, int64_t depth,
                                  float* out) {
  for (int j = 0; j < count; j += 4) {
    const T* p[4];  // past the last key: the last again, then overwritten below
    for (int i = 0; i < 4; i++) p[i] = in + rows[std::min(j + i, count - 1)] * stride;
    float* to = out + j;
    int64_t x = 0;
#if HWY_TARGET != HWY_SCALAR
    const hn::FixedTag<float, 4> d;
    for (; x + 4 <= depth; x += 4, to += 4 * kKeys) {
      const auto r0 = load(d, p[0] + x), r1 = load(d, p[1] + x), r2 = load(d, p[2] + x),
                 r3 = load(d, p[3] + x);
      const auto low01 = hn::InterleaveLower(d, r0, r1), low23 = hn::InterleaveLower(d, r2, r3);
      const auto high01 = hn::InterleaveUpper(d, r0, r1), high23 = hn::InterleaveUpper(d, r2, r3);
      hn::StoreU(hn::ConcatLowerLower(d, low23, low01), d, to);
      hn::StoreU(hn::ConcatUpperUpper(d, low23, low01), d, to + kKeys);
      hn::StoreU(hn::ConcatLowerLower(d, high23, high01), d, to + 2 * kKeys);
      hn::StoreU(hn::ConcatUpperUpper(d, high23, high01), d, to + 3 * kKeys);
    }
#endif
    for (; x < depth; x++, to += kKeys)
      for (int i = 0; i < 4; i++) to[i] = as_float(p[i][x]);
  }
  if (count < kKeys)
    for (int64_t x = 0; x < depth; x++) std::fill(out + x * kKeys + count, out + (x + 1) * kKeys, 0.0f);
}

// out[x] = in[x] as float32, zero from n to padded.
template <class T>
HWY_INLINE void widen(const T* in, int64_t n, int64_t padded, float* out) {
  strip(n, [&](int64_t i, int count) HWY_ATTR { store_some(load_some(in + i, count), out + i, count); });
  std::fill(out + n, out + padded, 0.0f);
}

// out[x] = in[x] in the type of out, rounded once.
template <class T>
HWY_INLINE void narrow(const float* in, int64_t n, T* out) {
  strip(n, [&](int64_t i, int count) HWY_ATTR { store_some(load_some(in + i, count), out + i, count); });
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
