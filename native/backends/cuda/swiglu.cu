// swiglu and its backward (ops/swiglu.h).
#include "swiglu.cuh"

#include "each.cuh"

namespace selfjudge::cuda {
namespace {

template <class A, class T>
struct Forward {
  const T *gate, *up;
  T* y;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto g = load_pack<N>(gate + i);
    const auto u = load_pack<N>(up + i);
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; j++) out.at[j] = from_float<T>(swiglu<A>(to_float(g.at[j]), to_float(u.at[j])));
    store_pack(y + i, out);
  }
};

// d act(g) / dg = s (1 + g inner'(g) (1 - s)) with s = sigmoid(inner(g)).
template <class A, class T>
struct Backward {
  const T *dy, *gate, *up;
  T *dgate, *dup;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto d = load_pack<N>(dy + i);
    const auto g = load_pack<N>(gate + i);
    const auto u = load_pack<N>(up + i);
    Pack<T, N> to_gate, to_up;
#pragma unroll
    for (int j = 0; j < N; j++) {
      const float x = to_float(g.at[j]), dx = to_float(d.at[j]);
      const Sigmoid s = sigmoid(A::inner(x));
      const float slope = s.value * fused(A::growth(x), s.rest, 1.0f);
      to_gate.at[j] = from_float<T>(dx * to_float(u.at[j]) * slope);
      to_up.at[j] = from_float<T>(dx * (x * s.value));
    }
    store_pack(dgate + i, to_gate);
    store_pack(dup + i, to_up);
  }
};

// f with the activation of this place in the contract's words.
template <class F>
int32_t with_activation(int activation, F&& f) {
  return activation == ops::GELU_TANH ? f(GeluTanh{}) : f(Silu{});
}

}  // namespace

size_t workspace_swiglu(const sj_call&) { return 0; }
int32_t run_swiglu(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::swiglu;
  return with_float_type(call, Y, [&]<class T>(T) {
    return with_activation(word(call, ACTIVATION), [&]<class A>(A) {
      const Forward<A, T> f{data<const T>(call, GATE), data<const T>(call, UP), data<T>(call, Y)};
      return each<kPackSize<T>>(context, elements(call, Y), f, {f.gate, f.up, f.y}, error);
    });
  });
}

size_t workspace_swiglu_backward(const sj_call&) { return 0; }
int32_t run_swiglu_backward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::swiglu_backward;
  return with_float_type(call, DY, [&]<class T>(T) {
    return with_activation(word(call, ACTIVATION), [&]<class A>(A) {
      const Backward<A, T> f{data<const T>(call, DY), data<const T>(call, GATE), data<const T>(call, UP),
                             data<T>(call, DGATE), data<T>(call, DUP)};
      return each<kPackSize<T>>(context, elements(call, DY), f, {f.dy, f.gate, f.up, f.dgate, f.dup}, error);
    });
  });
}

}  // namespace selfjudge::cuda
