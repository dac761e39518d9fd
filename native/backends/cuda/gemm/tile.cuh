// What every matrix product shares: C[i, j] = sum over k of A(i, k) B(j, k), one block a tile of C. A core
// (mma.cuh: bf16 on tensor cores, fma.cuh: true float32) leaves the tile in a Fragment of registers; an
// epilogue, called once with it by every thread, says what becomes of the sums. Each sum is one chain over
// ascending k from zero, the same for every shape of tile, so shapes may be chosen by the number of rows.
//
// A Fragment holds kRows x kColumns values a thread: at(i, j) is C[row(i), column(j)], tails included.
// Columns come in runs of kRun neighbours. The kLanes lanes that share a row hold 64 columns of it in
// kStripValues values each; a warp holds kWarpRows x kWarpColumns from (warp_row, warp_column) on.
#pragma once
#include <algorithm>

#include "../../arguments.h"
#include "../context.h"
#include "../numeric.cuh"

namespace selfjudge::cuda::gemm {

// Which elements of a factor are neighbours in memory: data[row * stride + k] or data[k * stride + row].
enum Layout { kRowMajor, kDepthMajor };

template <class T>
struct Operand {
  const T* data;
  int64_t stride;
  int rows;  // of C for the left factor, columns of C for the right one
};

inline constexpr int kStrip = 64;  // columns of a warp's tile that a row is reduced over in one go

struct Place {
  int row, column;
};

// Tiles of C in the order of blocks: eight rows of tiles at a time, so that what runs together shares both
// factors in L2.
__device__ __forceinline__ Place place_of(int block, int tile_rows, int tile_columns) {
  constexpr int kGroup = 8;
  const int group = block / (kGroup * tile_columns), in_group = block % (kGroup * tile_columns);
  const int height = min(kGroup, tile_rows - group * kGroup);
  return {group * kGroup + in_group % height, in_group / height};
}

template <class Core, class Epilogue>
__global__ __launch_bounds__(Core::kThreads, Core::kBlocks) void matmul(Operand<typename Core::Element> a,
                                                                        Operand<typename Core::Element> b,
                                                                        int depth, Epilogue epilogue) {
  DYN_SMEM(typename Core::Element, memory);
  const Place tile = place_of(int(blockIdx.x), (a.rows + Core::kTileRows - 1) / Core::kTileRows,
                              (b.rows + Core::kTileColumns - 1) / Core::kTileColumns);
  const Place at = {tile.row * Core::kTileRows, tile.column * Core::kTileColumns};
  typename Core::Fragment sums(at);
  Core::run(a, b, depth, at, memory, sums);
  epilogue(sums);
}

template <class Core>
int64_t tiles(int64_t rows, int64_t columns) {
  return ceil_div(rows, Core::kTileRows) * ceil_div(columns, Core::kTileColumns);
}

template <class Core, class Epilogue>
int32_t launch(Context& context, const Operand<typename Core::Element>& a,
               const Operand<typename Core::Element>& b, int64_t depth, const Epilogue& epilogue,
               sj_error* error) {
  const int64_t blocks = tiles<Core>(a.rows, b.rows);
  if (blocks == 0) return SJ_OK;
  return context.launch(matmul<Core, Epilogue>, dim3(unsigned(blocks)), dim3(Core::kThreads), Core::kBytes,
                        error, a, b, int(depth), epilogue);
}

// Products of one left factor by several right ones, each with its own epilogue.
inline constexpr int kTogether = 3;
template <class Element, class Epilogue>
struct Together {
  Operand<Element> a, b[kTogether];
  Epilogue epilogues[kTogether];
  int depth, count;
};

// blockIdx.y is a product; those with fewer tiles than the largest leave some blocks without one.
template <class Core, class Epilogue>
__global__ __launch_bounds__(Core::kThreads, Core::kBlocks) void matmul_together(
    Together<typename Core::Element, Epilogue> t) {
  DYN_SMEM(typename Core::Element, memory);
  const Operand<typename Core::Element> b = t.b[blockIdx.y];
  const int tile_rows = (t.a.rows + Core::kTileRows - 1) / Core::kTileRows,
            tile_columns = (b.rows + Core::kTileColumns - 1) / Core::kTileColumns;
  if (int(blockIdx.x) >= tile_rows * tile_columns) return;
  const Place tile = place_of(int(blockIdx.x), tile_rows, tile_columns);
  const Place at = {tile.row * Core::kTileRows, tile.column * Core::kTileColumns};
  typename Core::Fragment sums(at);
  Core::run(t.a, b, t.depth, at, memory, sums);
  t.epilogues[blockIdx.y](sums);
}

template <class Core, class Epilogue>
int32_t launch_together(Context& context, const Together<typename Core::Element, Epilogue>& t,
                        sj_error* error) {
  int64_t blocks = 0;
  for (int i = 0; i < t.count; i++) blocks = std::max(blocks, tiles<Core>(t.a.rows, t.b[i].rows));
  return context.launch(matmul_together<Core, Epilogue>, dim3(unsigned(blocks), unsigned(t.count)),
                        dim3(Core::kThreads), Core::kBytes, error, t);
}

// Whether lines of 8 values can be copied as 16 aligned bytes.
inline bool aligned(const Operand<bf16>& x) {
  return x.stride % 8 == 0 && reinterpret_cast<uintptr_t>(x.data) % 16 == 0;
}

}  // namespace selfjudge::cuda::gemm
