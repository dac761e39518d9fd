// swiglu and its backward (ops/swiglu.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/swiglu.cpp"
#include "highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "../../include/ops/swiglu.h"
#include "../arguments.h"
#include "swiglu.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

template <class T>
HWY_INLINE void forward_range(const T* gate, const T* up, T* y, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector g = load_some(gate + i, count);
    store_some(hn::Mul(hn::Mul(g, sigmoid(g).value), load_some(up + i, count)), y + i, count);
  });
}

// d silu(g) / dg = sigmoid(g) (1 + g (1 - sigmoid(g))).
template <class T>
HWY_INLINE void backward_range(const T* dy, const T* gate, const T* up, T* dgate, T* dup, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector d = load_some(dy + i, count), g = load_some(gate + i, count);
    const Sigmoid s = sigmoid(g);
    const Vector slope = hn::Mul(s.value, hn::MulAdd(g, s.rest, hn::Set(Lanes(), 1.0f)));
    store_some(hn::Mul(hn::Mul(d, load_some(up + i, count)), slope), dgate + i, count);
    store_some(hn::Mul(d, hn::Mul(g, s.value)), dup + i, count);
  });
}

void swiglu_values(int32_t dtype, const void* gate, const void* up, void* y, int64_t begin, int64_t n) {
  const auto run = [&]<class T>(T) HWY_ATTR {
    forward_range(static_cast<const T*>(gate) + begin, static_cast<const T*>(up) + begin,
                  static_cast<T*>(y) + begin, n);
  };
  if (dtype == SJ_BF16)
    run(uint16_t{});
  else
    run(float{});
}

void swiglu_gradients(const sj_call& call, int64_t begin, int64_t n) {
  using namespace ops::swiglu_backward;
  const auto run = [&]<class T>(T) HWY_ATTR {
    backward_range(data<const T>(call, DY) + begin, data<const T>(call, GATE) + begin,
                   data<const T>(call, UP) + begin, data<T>(call, DGATE) + begin, data<T>(call, DUP) + begin,
                   n);
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
HWY_EXPORT(swiglu_values);
HWY_EXPORT(swiglu_gradients);

namespace {
constexpr int64_t kPiece = 8192;
}

void swiglu(int32_t dtype, const void* gate, const void* up, void* y, int64_t n) {
  parallel_for(
      ceil_div(n, kPiece),
      [&](int64_t task, int) {
        HWY_DYNAMIC_DISPATCH(swiglu_values)
        (dtype, gate, up, y, task * kPiece, std::min(kPiece, n - task * kPiece));
      },
      kPiece / 2);
}

size_t workspace_swiglu(const sj_call&) { return 0; }
int32_t run_swiglu(const sj_call& call, sj_error*) {
  using namespace ops::swiglu;
  swiglu(call.tensors[Y].dtype, call.tensors[GATE].data, call.tensors[UP].data, call.tensors[Y].data,
         elements(call, Y));
  return SJ_OK;
}

size_t workspace_swiglu_backward(const sj_call&) { return 0; }
int32_t run_swiglu_backward(const sj_call& call, sj_error*) {
  const int64_t n = elements(call, ops::swiglu_backward::DY);
  parallel_for(
      ceil_div(n, kPiece),
      [&](int64_t task, int) {
        HWY_DYNAMIC_DISPATCH(swiglu_gradients)(call, task * kPiece, std::min(kPiece, n - task * kPiece));
      },
      kPiece / 2);
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
