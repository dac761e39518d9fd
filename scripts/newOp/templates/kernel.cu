// op_stem and its backward (ops/op_stem.h).
#include "../../include/ops/op_stem.h"
#include "each.cuh"

namespace selfjudge::cuda {
namespace {

// EDIT: the forward of N neighbouring values, in float32, rounded once as it is stored.
template <class T>
struct Forward {
  const T* x;
  T* y;
  float scale;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto values = load_pack<N>(x + i);
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; j++) {
      const float value = to_float(values.at[j]);
      out.at[j] = from_float<T>(scale * value * value);
    }
    store_pack(y + i, out);
  }
};

// EDIT: the backward.
template <class T>
struct Backward {
  const T *dy, *x;
  T* dx;
  float scale;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto upstream = load_pack<N>(dy + i);
    const auto values = load_pack<N>(x + i);
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; j++) {
      const float slope = 2 * scale * to_float(values.at[j]);
      out.at[j] = from_float<T>(slope * to_float(upstream.at[j]));
    }
    store_pack(dx + i, out);
  }
};

}  // namespace

size_t workspace_op_stem(const sj_call&) { return 0; }
int32_t run_op_stem(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::op_stem;
  return with_float_type(call, X, [&]<class T>(T) {
    const Forward<T> f{data<const T>(call, X), data<T>(call, Y), float(call.numbers[SCALE])};
    return each<kPackSize<T>>(context, elements(call, X), f, {f.x, f.y}, error);
  });
}

size_t workspace_op_stem_backward(const sj_call&) { return 0; }
int32_t run_op_stem_backward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::op_stem_backward;
  return with_float_type(call, DY, [&]<class T>(T) {
    const Backward<T> f{data<const T>(call, DY), data<const T>(call, X), data<T>(call, DX),
                        float(call.numbers[SCALE])};
    return each<kPackSize<T>>(context, elements(call, DY), f, {f.dy, f.x, f.dx}, error);
  });
}

}  // namespace selfjudge::cuda
