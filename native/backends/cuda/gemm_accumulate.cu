#include "gemm/accumulate.h"
#include "gemm/shapes.cuh"

namespace selfjudge::cuda::gemm {

template <class T>
int32_t add_transposed_product(Context& context, const Operand<T>& a, const Operand<T>& b, int64_t depth,
                               const Output<float>& out, sj_error* error) {
  return product<kDepthMajor, kDepthMajor>(context, a, b, depth, Accumulate{out, true}, error);
}

template <class T>
int32_t accumulate_product(Context& context, const Operand<T>& a, const Operand<T>& b, int64_t depth,
                           const Output<float>& out, bool add, sj_error* error) {
  return product<kRowMajor, kDepthMajor>(context, a, b, depth, Accumulate{out, add}, error);
}

#define SJ_INSTANCES(T)                                                                            \
  template int32_t add_transposed_product(Context&, const Operand<T>&, const Operand<T>&, int64_t, \
                                          const Output<float>&, sj_error*);                        \
  template int32_t accumulate_product(Context&, const Operand<T>&, const Operand<T>&, int64_t,     \
                                      const Output<float>&, bool, sj_error*);
SJ_INSTANCES(float)
SJ_INSTANCES(bf16)
#undef SJ_INSTANCES

}  // namespace selfjudge::cuda::gemm
