// The matrix core: C [rows, columns] = A [rows, k] x panels, with an epilogue on each finished block.
//
// Each element of C is one float32 chain over ascending k, or of sums over kDotDepth of k, so no blocking,
// tile, thread count or number of rows changes its bits.
#pragma once
#include <cstdint>
#include <functional>

#include "../../arguments.h"
#include "../dropout.h"
#include "kernels.h"
#include "panels.h"

namespace selfjudge::cpu {

// A left factor. Blocks of it are widened to float32 (and dropped out) as they are needed.
struct Rows {
  const void* data;
  int32_t dtype;                     // SJ_F32 or SJ_BF16
  int64_t stride;                    // values from a row to the next
  int64_t first = 0;                 // the row that row 0 stands for
  const Dropout* dropout = nullptr;  // keyed by first + row

  const void* at(int64_t row, int64_t column = 0) const {
    return static_cast<const char*>(data) + ((first + row) * stride + column) * (dtype == SJ_BF16 ? 2 : 4);
  }
  bool direct() const { return dtype == SJ_F32 && !dropout; }
  // Columns [0, k) of one row as float32. `mask`: k values of scratch, used with dropout only.
  void read(int64_t row, int64_t k, float* out, float* mask) const;
};

// Columns of a block at most, in panels.
inline constexpr int64_t kBlockPanels = 8;

// A finished block of C: valid rows and columns (storage may hold padding columns beyond).
struct Block {
  int64_t row, rows, column, columns;
  float* c;
  int64_t c_stride;
  int worker;
};

// A right factor of the product's depth.
struct Panels {
  const void* data;
  int32_t dtype;
  size_t stride;  // bytes from a panel to the next
};
// Whether a product of bf16 rows and bf16 panels takes dot products of pairs on this path.
inline bool has_dot() { return kernels().tile_dot != nullptr; }
// Whether attention multiplies pairs of bf16 values.
inline bool has_pairs() { return kernels().pair_tile != nullptr; }

inline Panels float_panels(const float* data, int64_t depth) {
  return {data, SJ_F32, panel_stride(SJ_F32, depth)};
}
inline Panels weight_panels(const sj_tensor& w) {
  return {w.data, w.dtype, panel_stride(w.dtype, w.dims[1])};
}

// Rows n0 .. n1 of a packed weight as a right factor that reduces over them: transpose_panels, or with
// `pairs` transpose_pairs, into `out`.
inline Panels transposed_panels(const sj_tensor& w, int64_t n0, int64_t n1, bool pairs, float* out,
                                float* scratch) {
  const int64_t depth = w.dims[1];
  if (pairs)
    transpose_pairs(w.data, depth, n0, n1, reinterpret_cast<uint32_t*>(out), scratch);
  else
    transpose_panels(w.data, w.dtype, depth, n0, n1, out, scratch);
  const int32_t dtype = pairs ? SJ_BF16 : SJ_F32;
  return {out, dtype, panel_stride(dtype, n1 - n0)};
}

struct Matmul {
  Rows a;
  Panels b;
  int64_t rows, k, columns;
  // Where C goes: to c, or rounded to bf16 to c16; else a block stays in scratch until the epilogue returns.
  // Columns are written up to the next multiple of 16.
  float* c = nullptr;
  uint16_t* c16 = nullptr;  // without an epilogue
  int64_t c_stride = 0;
  bool accumulate = false;  // start from what c holds
  // Null, or the weight of a later product of as many rows: its beginning is fetched with the end of this
  // one.
  const sj_tensor* next = nullptr;
};

// A product, and what is done with each finished block of it.
struct Product : Matmul {
  std::function<void(const Block&)> epilogue = nullptr;
};

// Workspace of a matmul of reduction depth k, any number of rows and columns.
int64_t matmul_scratch(int64_t k);

void matmul(const Matmul& m, float* scratch, const std::function<void(const Block&)>& epilogue = nullptr);

// Products of one left factor (a, rows, k), as one job of the workers: few rows make each too short for a job
// of its own. At most kTogether. `next`: the last one's.
inline constexpr int kTogether = 3;
void matmul_together(const Product* products, int count, float* scratch);

}  // namespace selfjudge::cpu
