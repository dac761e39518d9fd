// Values from one storage type to another, rounded to nearest even: casts, and packing a weight.
#pragma once
#include "each.cuh"

namespace selfjudge::cuda {

template <class X, class Y>
struct Cast {
  const X* x;
  Y* y;
  template <int N>
  __device__ void at(int64_t i) const {
    const auto from = load_pack<N>(x + i);
    Pack<Y, N> to;
#pragma unroll
    for (int j = 0; j < N; j++) to.at[j] = from_float<Y>(to_float(from.at[j]));
    store_pack(y + i, to);
  }
};

template <class X, class Y>
int32_t cast_values(Context& context, const X* x, Y* y, int64_t n, sj_error* error) {
  if constexpr (sizeof(X) == sizeof(Y)) {
    return context.copy(y, x, size_t(n) * sizeof(X), error);
  } else {
    return each<4>(context, n, Cast<X, Y>{x, y}, {x, y}, error);
  }
}

}  // namespace selfjudge::cuda
