// add, scale, add_in_place, fill, cast_f32, cast_bf16, copy (ops/elementwise.h).
#include <algorithm>

#include "../../include/ops/elementwise.h"
#include "cast.cuh"

namespace selfjudge::cuda {
namespace {

// y = a + b in float32, rounded once. y has a's type, and may be a.
template <class A, class B>
struct Add {
  const A* a;
  const B* b;
  A* y;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto x = load_pack<N>(a + i);
    const auto z = load_pack<N>(b + i);
    Pack<A, N> sum;
#pragma unroll
    for (int j = 0; j < N; j++) sum.at[j] = from_float<A>(to_float(x.at[j]) + to_float(z.at[j]));
    store_pack(y + i, sum);
  }
};

// y = factor x in float32, rounded once.
template <class T>
struct Scale {
  const T* x;
  float factor;
  T* y;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto from = load_pack<N>(x + i);
    Pack<T, N> to;
#pragma unroll
    for (int j = 0; j < N; j++) to.at[j] = from_float<T>(to_float(from.at[j]) * factor);
    store_pack(y + i, to);
  }
};

template <class T>
struct Fill {
  T* x;
  T value;
  template <int N>
  __device__ void at(int64_t i) const {
    Pack<T, N> values;
#pragma unroll
    for (int j = 0; j < N; j++) values.at[j] = value;
    store_pack(x + i, values);
  }
};

int32_t add_tensors(const sj_call& call, Context& context, int a, int b, int y, sj_error* error) {
  return with_float_type(call, a, [&]<class A>(A) {
    return with_float_type(call, b, [&]<class B>(B) {
      const Add<A, B> add{data<const A>(call, a), data<const B>(call, b), data<A>(call, y)};
      constexpr int kWidth = sizeof(A) + sizeof(B) == 4 ? 8 : 4;
      return each<kWidth>(context, elements(call, a), add, {add.a, add.b, add.y}, error);
    });
  });
}

template <class T>
int32_t fill_with(const sj_call& call, Context& context, T value, sj_error* error) {
  const Fill<T> fill{data<T>(call, ops::fill::X), value};
  return each<kPackSize<T>>(context, elements(call, ops::fill::X), fill, {fill.x}, error);
}

template <class Y>
int32_t cast(const sj_call& call, Context& context, int from, int to, sj_error* error) {
  return with_float_type(call, from, [&]<class X>(X) {
    return cast_values(context, data<const X>(call, from), data<Y>(call, to), elements(call, from), error);
  });
}

}  // namespace

size_t workspace_add(const sj_call&) { return 0; }
int32_t run_add(const sj_call& call, Context& context, sj_error* error) {
  return add_tensors(call, context, ops::add::A, ops::add::B, ops::add::Y, error);
}

size_t workspace_scale(const sj_call&) { return 0; }
int32_t run_scale(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::scale;
  return with_float_type(call, X, [&]<class T>(T) {
    const Scale<T> f{data<const T>(call, X), float(call.numbers[FACTOR]), data<T>(call, Y)};
    return each<kPackSize<T>>(context, elements(call, X), f, {f.x, f.y}, error);
  });
}

size_t workspace_add_in_place(const sj_call&) { return 0; }
int32_t run_add_in_place(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::add_in_place;
  return add_tensors(call, context, A, B, A, error);
}

size_t workspace_fill(const sj_call&) { return 0; }
int32_t run_fill(const sj_call& call, Context& context, sj_error* error) {
  const double value = call.numbers[ops::fill::VALUE];
  switch (call.tensors[ops::fill::X].dtype) {
    case SJ_F32:
      return fill_with(call, context, float(value), error);
    case SJ_BF16:
      return fill_with(call, context, __float2bfloat16(float(value)), error);
    default:
      return fill_with(call, context, int32_t(std::clamp(value, -2147483648.0, 2147483647.0)), error);
  }
}

size_t workspace_cast_f32(const sj_call&) { return 0; }
int32_t run_cast_f32(const sj_call& call, Context& context, sj_error* error) {
  return cast<float>(call, context, ops::cast_f32::X, ops::cast_f32::Y, error);
}

size_t workspace_cast_bf16(const sj_call&) { return 0; }
int32_t run_cast_bf16(const sj_call& call, Context& context, sj_error* error) {
  return cast<bf16>(call, context, ops::cast_bf16::X, ops::cast_bf16::Y, error);
}

size_t workspace_copy(const sj_call&) { return 0; }
int32_t run_copy(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::copy;
  return context.copy(data<void>(call, Y), data<const void>(call, X),
                      elements(call, X) * element_bytes(call, X), error);
}

}  // namespace selfjudge::cuda
