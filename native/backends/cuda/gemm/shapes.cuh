// The shapes of tiles products choose from, and the choice where a product has no wishes of its own. It may
// look at the number of rows: every shape gives the same bits.
#pragma once
#include "fma.cuh"
#include "mma.cuh"

namespace selfjudge::cuda::gemm {

//                       rows columns depth warps stages blocks
using Large = MmaShape<128, 128, 64, 2, 2, 3, 2>;
using Medium = MmaShape<64, 64, 64, 2, 2, 4, 3>;
using Narrow = MmaShape<32, 32, 128, 2, 1, 4, 2>;  // few rows: enough blocks to keep memory busy
using Few = MmaShape<16, 32, 128, 1, 2, 4, 4>;
using Plain = MmaShape<64, 64, 64, 2, 2, 2, 3>;  // operands that cannot be copied 16 bytes at a time

template <Layout A, Layout B>
using LargeFma = FmaCore<128, 128, 8, A, B>;
template <Layout A, Layout B>
using SmallFma = FmaCore<32, 64, 4, A, B>;

template <Layout A, Layout B, class Epilogue>
int32_t product(Context& context, const Operand<float>& a, const Operand<float>& b, int64_t depth,
                const Epilogue& epilogue, sj_error* error) {
  using Core = LargeFma<A, B>;
  if (tiles<Core>(a.rows, b.rows) >= context.multiprocessors())
    return launch<Core>(context, a, b, depth, epilogue, error);
  return launch<SmallFma<A, B>>(context, a, b, depth, epilogue, error);
}

template <Layout A, Layout B, class Epilogue>
int32_t product(Context& context, const Operand<bf16>& a, const Operand<bf16>& b, int64_t depth,
                const Epilogue& epilogue, sj_error* error) {
  if (!aligned(a) || !aligned(b))
    return launch<MmaCore<Plain, A, B, false>>(context, a, b, depth, epilogue, error);
  using LargeCore = MmaCore<Large, A, B>;
  using MediumCore = MmaCore<Medium, A, B>;
  if constexpr (A == kRowMajor && B == kRowMajor) {
    if (a.rows <= Few::kRows) return launch<MmaCore<Few, A, B>>(context, a, b, depth, epilogue, error);
    if (a.rows <= Narrow::kRows || tiles<MediumCore>(a.rows, b.rows) < context.multiprocessors())
      return launch<MmaCore<Narrow, A, B>>(context, a, b, depth, epilogue, error);
  }
  if (a.rows <= Medium::kRows || tiles<LargeCore>(a.rows, b.rows) < context.multiprocessors())
    return launch<MediumCore>(context, a, b, depth, epilogue, error);
  return launch<LargeCore>(context, a, b, depth, epilogue, error);
}

// Both factors' rows as they lie. Few rows are one launch; with more of them each product fills the GPU.
template <class Epilogue>
int32_t products(Context& context, const Together<bf16, Epilogue>& t, sj_error* error) {
  bool together = t.a.rows <= Narrow::kRows && aligned(t.a);
  for (int i = 0; i < t.count; i++) together = together && aligned(t.b[i]);
  if (together && t.a.rows <= Few::kRows)
    return launch_together<MmaCore<Few, kRowMajor, kRowMajor>>(context, t, error);
  if (together) return launch_together<MmaCore<Narrow, kRowMajor, kRowMajor>>(context, t, error);
  for (int i = 0; i < t.count; i++)
    if (const int32_t code =
            product<kRowMajor, kRowMajor>(context, t.a, t.b[i], t.depth, t.epilogues[i], error))
      return code;
  return SJ_OK;
}

template <class Epilogue>
int32_t products(Context& context, const Together<float, Epilogue>& t, sj_error* error) {
  for (int i = 0; i < t.count; i++)
    if (const int32_t code =
            product<kRowMajor, kRowMajor>(context, t.a, t.b[i], t.depth, t.epilogues[i], error))
      return code;
  return SJ_OK;
}

}  // namespace selfjudge::cuda::gemm
