// Products with the head: a warp holds whole strips of 64 columns.
#pragma once
#include "gemm/fma.cuh"
#include "gemm/mma.cuh"

namespace selfjudge::cuda {

//                                 rows columns depth warps stages blocks
using HeadLarge = gemm::MmaShape<128, 128, 64, 2, 2, 3, 2>;
using HeadMedium = gemm::MmaShape<64, 128, 64, 2, 2, 3, 2>;
using HeadFew = gemm::MmaShape<16, 256, 64, 1, 4, 3, 2>;
using HeadPlain = gemm::MmaShape<64, 128, 64, 2, 2, 2, 2>;

template <class Epilogue>
int32_t head_product(Context& context, const gemm::Operand<float>& h, const gemm::Operand<float>& w,
                     int64_t depth, const Epilogue& epilogue, sj_error* error) {
  using Large = gemm::FmaCore<128, 128, 8, gemm::kRowMajor, gemm::kRowMajor>;
  using Small = gemm::FmaCore<32, 64, 4, gemm::kRowMajor, gemm::kRowMajor>;
  if (gemm::tiles<Large>(h.rows, w.rows) >= context.multiprocessors() && h.rows > Small::kTileRows)
    return gemm::launch<Large>(context, h, w, depth, epilogue, error);
  return gemm::launch<Small>(context, h, w, depth, epilogue, error);
}

template <class Shape, bool Aligned = true>
using HeadCore = gemm::MmaCore<Shape, gemm::kRowMajor, gemm::kRowMajor, Aligned>;

template <class Epilogue>
int32_t head_product(Context& context, const gemm::Operand<bf16>& h, const gemm::Operand<bf16>& w,
                     int64_t depth, const Epilogue& epilogue, sj_error* error) {
  if (!gemm::aligned(h) || !gemm::aligned(w))
    return gemm::launch<HeadCore<HeadPlain, false>>(context, h, w, depth, epilogue, error);
  if (h.rows <= HeadFew::kRows) return gemm::launch<HeadCore<HeadFew>>(context, h, w, depth, epilogue, error);
  if (h.rows <= HeadMedium::kRows ||
      gemm::tiles<HeadCore<HeadLarge>>(h.rows, w.rows) < context.multiprocessors())
    return gemm::launch<HeadCore<HeadMedium>>(context, h, w, depth, epilogue, error);
  return gemm::launch<HeadCore<HeadLarge>>(context, h, w, depth, epilogue, error);
}

}  // namespace selfjudge::cuda
