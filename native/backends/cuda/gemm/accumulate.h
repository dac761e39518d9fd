// Products into float32 matrices, compiled once for all ops (gemm_accumulate.cu).
#pragma once
#include "output.cuh"

namespace selfjudge::cuda::gemm {

// out [columns of a, columns of b] += a^T b, both with `depth` rows: a weight's gradient.
template <class T>
int32_t add_transposed_product(Context& context, const Operand<T>& a, const Operand<T>& b, int64_t depth,
                               const Output<float>& out, sj_error* error);

// out = a b or out += a b; b has `depth` rows.
template <class T>
int32_t accumulate_product(Context& context, const Operand<T>& a, const Operand<T>& b, int64_t depth,
                           const Output<float>& out, bool add, sj_error* error);

}  // namespace selfjudge::cuda::gemm
