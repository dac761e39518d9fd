// A weight [N, K] packed for the matrix core: panels of 48 columns n, the reduction index k outermost in a
// panel.
//   float32: [ceil(N / 48)][K][48]
//   bf16:    [ceil(N / 48)][ceil(K / 2)][48][2]: a 32-bit word holds k (low half) and k + 1 (high half) of
//   one column,
//            so an even k widens by a shift and an odd k by a mask.
// Columns past N and the k past an odd K are zero.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../../../include/backend.h"

namespace selfjudge::cpu {

inline constexpr int kPanel = SJ_PANEL_ROWS;

inline int64_t panel_count(int64_t n) { return (n + kPanel - 1) / kPanel; }

// Bytes of one panel of depth k.
inline size_t panel_stride(int32_t dtype, int64_t k) {
  return dtype == SJ_BF16 ? size_t((k + 1) / 2) * kPanel * 4 : size_t(k) * kPanel * 4;
}

// Storage of an [n, k] weight (sj_backend::panel_bytes).
inline size_t panel_bytes(int32_t dtype, int64_t n, int64_t k) {
  return size_t(panel_count(n)) * panel_stride(dtype, k);
}

struct Rows;

// rows [n, k] (float32 or bf16, contiguous) into panels of `dtype`; narrowing rounds to nearest even.
void pack_panels(const void* rows, int32_t rows_dtype, void* panels, int32_t dtype, int64_t n, int64_t k);

// The rows of a packed weight, in its dtype.
void unpack_panels(const void* panels, int32_t dtype, void* rows, int64_t n, int64_t k);

// One row n of a packed weight, in its dtype.
void unpack_row(const void* panels, int32_t dtype, int64_t k, int64_t row, void* out);

// The same row as float32.
void unpack_row_f32(const void* panels, int32_t dtype, int64_t k, int64_t row, float* out);

// Panels that reduce over n, of rows n0 .. n1 of a packed weight [n, k]; n0 is a multiple of 48. `scratch`:
// transpose_scratch(k) values.
//   float32: out [ceil(k / 48)][n1 - n0][48]
//   pairs of a bf16 weight: out [ceil(k / 48)][ceil((n1 - n0) / 2)][48][2]
void transpose_panels(const void* panels, int32_t dtype, int64_t k, int64_t n0, int64_t n1, float* out,
                      float* scratch);
void transpose_pairs(const void* panels, int64_t k, int64_t n0, int64_t n1, uint32_t* out, float* scratch);
int64_t transpose_scratch(int64_t k);

// Float32 panels that reduce over rows: out [ceil(columns / 48)][rows][48] of rows first .. first + rows.
// `scratch`: row_panels_scratch(columns) values.
void row_panels(const Rows& source, int64_t first, int64_t rows, int64_t columns, float* out, float* scratch);
int64_t row_panels_scratch(int64_t columns);

}  // namespace selfjudge::cpu
