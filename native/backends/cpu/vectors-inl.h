// What the vector kernels share: float32 and bf16 storage seen as float32 lanes, tails, and the functions of
// float32 lanes, each here once: exp, sigmoid. Included once per instruction set (Highway's foreach_target).
#if defined(SELFJUDGE_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_VECTORS_INL_H_
#undef SELFJUDGE_VECTORS_INL_H_
#else
#define SELFJUDGE_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lanes = hn::CappedTag<float, 16>;
using Vector = hn::Vec<Lanes>;
inline constexpr int kLanes = static_cast<int>(HWY_LANES(float) < 16 ? HWY_LANES(float) : 16);

// bf16 tensors are read as uint16_t. Any tag D of float lanes works for these four.
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* p) {
  return hn::LoadU(d, p);
}
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const uint16_t* p) {
  const hn::Rebind<uint16_t, D> half;
  const hn::RebindToUnsigned<D> word;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(word, hn::LoadU(half, p))));
}
template <class D>
HWY_INLINE void store(D d, hn::Vec<D> v, float* p) {
  hn::StoreU(v, d, p);
}
// Nearest even; a NaN stays a quiet NaN (core/bf16.h, in lanes).
template <class D>
HWY_INLINE void store([[maybe_unused]] D d, hn::Vec<D> v, uint16_t* p) {
  const hn::Rebind<uint16_t, D> half;
  const hn::RebindToUnsigned<D> word;
  const auto bits = hn::BitCast(word, v);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(word, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, hn::Set(word, 0x7fffu)), odd));
  const auto quiet = hn::Or(hn::ShiftRight<16>(bits), hn::Set(word, 0x40u));
  const auto nan = hn::RebindMask(word, hn::Ne(v, v));
  hn::StoreU(hn::TruncateTo(half, hn::IfThenElse(nan, quiet, rounded)), half, p);
}

// The same for `count` lanes, 1 .. kLanes; lanes past it read as zero.
template <class T>
HWY_INLINE Vector load_some(const T* p, int count) {
  if (count == kLanes) return load(Lanes(), p);
  T part[kLanes] = {};
  std::memcpy(part, p, static_cast<size_t>(count) * sizeof(T));
  return load(Lanes(), part);
}
template <class T>
HWY_INLINE void store_some(Vector v, T* p, int count) {
  if (count == kLanes) return store(Lanes(), v, p);
  T part[kLanes];
  store(Lanes(), v, part);
  std::memcpy(p, part, static_cast<size_t>(count) * sizeof(T));
}

// body(offset, count) over [0, n) in steps of kLanes; the body must carry HWY_ATTR. Lanes never mix, so an
// element's bits do not depend on where the strip starts or ends.
template <class Body>
HWY_INLINE void strip(int64_t n, const Body& body) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, kLanes);
  if (i < n) body(i, static_cast<int>(n - i));
}

HWY_INLINE float sum_of_lanes(Vector v) { return hn::GetLane(hn::SumOfLanes(Lanes(), v)); }
HWY_INLINE float max_of_lanes(Vector v) { return hn::GetLane(hn::MaxOfLanes(Lanes(), v)); }

// e^x for x up to 88, to about one unit in the last place; exactly 0 under -87.33 (no subnormals), NaN stays
// NaN. x = n ln 2 + r with |r| <= ln 2 / 2, and a polynomial for e^r whose relative error is near minimax on
// that interval.
HWY_INLINE Vector exp(Vector x) {
  const Lanes d;
  const hn::RebindToUnsigned<Lanes> bits;
  // Adding 1.5 2^23 + 127 rounds to an integer and leaves n + 127, a float32 exponent, in the lowest bits.
  const auto magic = hn::Set(d, 12582912.0f + 127.0f);
  const auto shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const auto n = hn::Sub(shifted, magic);
  auto r = hn::NegMulAdd(n, hn::Set(d, 0.693145751953125f), x);
  r = hn::NegMulAdd(n, hn::Set(d, 1.42860677e-6f), r);
  auto p = hn::Set(d, 0.0013814466f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.0083687808f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.041668393f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.16666520f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.49999994f));
  p = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(d, 1.0f)));
  const auto power = hn::BitCast(d, hn::ShiftLeft<23>(hn::BitCast(bits, shifted)));
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, -87.33f)), hn::Mul(p, power));
}

struct Sigmoid {
  Vector value, rest;  // rest = 1 - value, without cancellation
};

// 1 / (1 + e^-x), from e^-|x|: nothing overflows on either side.
HWY_INLINE Sigmoid sigmoid(Vector x) {
  const Lanes d;
  const auto one = hn::Set(d, 1.0f);
  const auto e = exp(hn::Neg(hn::Abs(x)));
  const auto larger = hn::Div(one, hn::Add(one, e)), smaller = hn::Mul(e, larger);
  const auto negative = hn::Lt(x, hn::Zero(d));
  return {hn::IfThenElse(negative, smaller, larger), hn::IfThenElse(negative, larger, smaller)};
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
