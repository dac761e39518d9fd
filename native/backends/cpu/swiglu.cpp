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

// An activation is g sigmoid(inner(g)); `growth` is g times the slope of inner.
struct Silu {
  static HWY_INLINE Vector inner(Vector g) { return g; }
  static HWY_INLINE Vector growth(Vector g) { return g; }
};
struct GeluTanh {
  static HWY_INLINE Vector inner(Vector g) { return odd(g, 0.0713548163f); }
  static HWY_INLINE Vector growth(Vector g) { return odd(g, 3 * 0.0713548163f); }

 private:
  // 2 sqrt(2/pi) g + cubic g^3. From 16 on the sigmoid is 0 or 1 and its slope 0: there g^3 must not become
  // infinite, whose product with 0 is none. A NaN stays one.
  static HWY_INLINE Vector odd(Vector g, float cubic) {
    const Lanes d;
    const auto most = hn::Set(d, 16.0f);
    g = hn::IfThenElse(hn::Gt(hn::Abs(g), most), hn::CopySign(most, g), g);
    return hn::Mul(g, hn::MulAdd(hn::Mul(g, g), hn::Set(d, cubic), hn::Set(d, 1.5957691216f)));
  }
};

// body with the activation of this place in the contract's words.
template <class Body>
HWY_INLINE void with_activation(int activation, const Body& body) {
  if (activation == ops::GELU_TANH)
    body(GeluTanh());
  else
    body(Silu());
}

template <class A, class T>
HWY_INLINE void forward_range(const T* gate, const T* up, T* y, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector g = load_some(gate + i, count);
    store_some(hn::Mul(hn::Mul(g, sigmoid(A::inner(g)).value), load_some(up + i, count)), y + i, count);
  });
}

// d act(g) / dg = s (1 + g inner'(g) (1 - s)) with s = sigmoid(inner(g)).
template <class A, class T>
HWY_INLINE void backward_range(const T* dy, const T* gate, const T* up, T* dgate, T* dup, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector d = load_some(dy + i, count), g = load_some(gate + i, count);
    const Sigmoid s = sigmoid(A::inner(g));
    const Vector slope = hn::Mul(s.value, hn::MulAdd(A::growth(g), s.rest, hn::Set(Lanes(), 1.0f)));
    store_some(hn::Mul(hn::Mul(d, load_some(up + i, count)), slope), dgate + i, count);
    store_some(hn::Mul(d, hn::Mul(g, s.value)), dup + i, count);
  });
}

void swiglu_values(int32_t dtype, int activation, const void* gate, const void* up, void* y, int64_t begin,
                   int64_t n) {
  const auto run = [&]<class T>(T) HWY_ATTR {
    with_activation(activation, [&]<class A>(A) HWY_ATTR {
      forward_range<A>(static_cast<const T*>(gate) + begin, static_cast<const T*>(up) + begin,
                       static_cast<T*>(y) + begin, n);
    });
  };
  if (dtype == SJ_BF16)
    run(uint16_t{});
  else
    run(float{});
}

void swiglu_gradients(const sj_call& call, int64_t begin, int64_t n) {
  using namespace ops::swiglu_backward;
  const auto run = [&]<class T>(T) HWY_ATTR {
    with_activation(word(call, ACTIVATION), [&]<class A>(A) HWY_ATTR {
      backward_range<A>(data<const T>(call, DY) + begin, data<const T>(call, GATE) + begin,
                        data<const T>(call, UP) + begin, data<T>(call, DGATE) + begin,
                        data<T>(call, DUP) + begin, n);
    });
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

void swiglu(int32_t dtype, int activation, const void* gate, const void* up, void* y, int64_t n) {
  parallel_for(
      ceil_div(n, kPiece),
      [&](int64_t task, int) {
        HWY_DYNAMIC_DISPATCH(swiglu_values)
        (dtype, activation, gate, up, y, task * kPiece, std::min(kPiece, n - task * kPiece));
      },
      kPiece / 2);
}

size_t workspace_swiglu(const sj_call&) { return 0; }
int32_t run_swiglu(const sj_call& call, sj_error*) {
  using namespace ops::swiglu;
  swiglu(call.tensors[Y].dtype, word(call, ACTIVATION), call.tensors[GATE].data, call.tensors[UP].data,
         call.tensors[Y].data, elements(call, Y));
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
