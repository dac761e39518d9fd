// op_stem (ops/op_stem.h).
#include <initializer_list>

#include "../../include/ops/op_stem.h"
#include "each.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int kTerms = TERMS;

// EDIT: the maths of N neighbouring values, in float32, rounded once as they are stored. As it stands `out` is the
// sum of those `terms` that are given, all of its shape and dtype.
template <class T>
struct Sum {
  const T* terms[kTerms];
  T* out;
  template <int N>
  __device__ void at(int64_t i) const {
    float total[N] = {};
#pragma unroll
    for (int term = 0; term < kTerms; term++) {
      if (terms[term] == nullptr) continue;
      const auto values = load_pack<N>(terms[term] + i);
#pragma unroll
      for (int j = 0; j < N; j++) total[j] += to_float(values.at[j]);
    }
    Pack<T, N> rounded;
#pragma unroll
    for (int j = 0; j < N; j++) rounded.at[j] = from_float<T>(total[j]);
    store_pack(out + i, rounded);
  }
};

int32_t sum(const sj_call& call, Context& context, std::initializer_list<int> terms, int out,
            sj_error* error) {
  if (!present(call, out)) return SJ_OK;
  return with_float_type(call, out, [&]<class T>(T) {
    Sum<T> f{{}, data<T>(call, out)};
    int given = 0;
    for (const int term : terms) f.terms[given++] = data<const T>(call, term);
    return each<kPackSize<T>>(context, elements(call, out), f, {POINTERS f.out}, error);
  });
}

}  // namespace

FUNCTIONS

}  // namespace selfjudge::cuda
