// op_stem and its backward (ops/op_stem.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/op_stem.cpp"
#include "highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "../../include/ops/op_stem.h"
#include "../arguments.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
// Of this file alone: another kernel's function of the same name and signature would take this one's place.
namespace {

// EDIT: the forward of n neighbouring values, in float32, rounded once as it is stored.
template <class T>
HWY_INLINE void forward_range(const T* x, T* y, float scale, int64_t n) {
  const Vector a = hn::Set(Lanes(), scale);
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector value = load_some(x + i, count);
    store_some(hn::Mul(hn::Mul(a, value), value), y + i, count);
  });
}

// EDIT: the backward.
template <class T>
HWY_INLINE void backward_range(const T* dy, const T* x, T* dx, float scale, int64_t n) {
  const Vector a = hn::Set(Lanes(), 2 * scale);
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector slope = hn::Mul(a, load_some(x + i, count));
    store_some(hn::Mul(slope, load_some(dy + i, count)), dx + i, count);
  });
}

void forward_values(const sj_call& call, int64_t begin, int64_t n) {
  using namespace ops::op_stem;
  const auto run = [&]<class T>(T) HWY_ATTR {
    forward_range(data<const T>(call, X) + begin, data<T>(call, Y) + begin, float(call.numbers[SCALE]), n);
  };
  if (is_bf16(call, X))
    run(uint16_t{});
  else
    run(float{});
}

void backward_values(const sj_call& call, int64_t begin, int64_t n) {
  using namespace ops::op_stem_backward;
  const auto run = [&]<class T>(T) HWY_ATTR {
    backward_range(data<const T>(call, DY) + begin, data<const T>(call, X) + begin,
                   data<T>(call, DX) + begin, float(call.numbers[SCALE]), n);
  };
  if (is_bf16(call, DY))
    run(uint16_t{});
  else
    run(float{});
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
namespace {
HWY_EXPORT(forward_values);
HWY_EXPORT(backward_values);

// body(begin, count) over [0, n) on all workers.
template <class Body>
void split(int64_t n, const Body& body) {
  constexpr int64_t kPiece = 16384;
  parallel_for(
      ceil_div(n, kPiece),
      [&](int64_t task, int) { body(task * kPiece, std::min(kPiece, n - task * kPiece)); },
      kPiece / 4);  // EDIT: about the nanoseconds of a piece
}

}  // namespace

size_t workspace_op_stem(const sj_call&) { return 0; }
int32_t run_op_stem(const sj_call& call, sj_error*) {
  split(elements(call, ops::op_stem::X), [&](int64_t begin, int64_t count) {
    HWY_DYNAMIC_DISPATCH(forward_values)(call, begin, count);
  });
  return SJ_OK;
}

size_t workspace_op_stem_backward(const sj_call&) { return 0; }
int32_t run_op_stem_backward(const sj_call& call, sj_error*) {
  split(elements(call, ops::op_stem_backward::DY), [&](int64_t begin, int64_t count) {
    HWY_DYNAMIC_DISPATCH(backward_values)(call, begin, count);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
