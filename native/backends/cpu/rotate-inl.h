// The rotation of rope and of kv_write: pairs (x[i], x[i + r/2]) turned by an angle each.
#if defined(SELFJUDGE_ROTATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_ROTATE_INL_H_
#undef SELFJUDGE_ROTATE_INL_H_
#else
#define SELFJUDGE_ROTATE_INL_H_
#endif

#include "vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

// n pairs: (low, high) <- (low c - high s, high c + low s), s times `turn`; in place or to other memory.
template <class T>
HWY_INLINE void rotate_pairs(const float* cosine, const float* sine, float turn, int64_t n, const T* low,
                             const T* high, T* to_low, T* to_high) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector c = load_some(cosine + i, count),
                 s = hn::Mul(load_some(sine + i, count), hn::Set(Lanes(), turn));
    const Vector a = load_some(low + i, count), b = load_some(high + i, count);
    store_some(hn::NegMulAdd(b, s, hn::Mul(a, c)), to_low + i, count);
    store_some(hn::MulAdd(a, s, hn::Mul(b, c)), to_high + i, count);
  });
}

// The first `rotated` of each `depth` values of a row, a head's, in place; `angles`: the cosines, then the
// sines.
template <class T>
HWY_INLINE void rotate_heads(const float* angles, float turn, int64_t heads, int64_t depth, int64_t rotated,
                             T* x) {
  const int64_t half = rotated / 2;
  for (int64_t h = 0; h < heads; h++, x += depth)
    rotate_pairs(angles, angles + half, turn, half, x, x + half, x, x + half);
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
