// The bf16 core: mma.sync m16n8k16 with float32 accumulators, operands staged in shared memory by cp.async.
// A staged tile is lines of 16-byte chunks as in memory (a line: a row, or one k of all rows), the chunk's
// place exclusive-ored with the line, so that neither copies nor ldmatrix meet bank conflicts. Depth-major
// tiles are turned by ldmatrix.trans.
#pragma once
#include "../arch/sm80.cuh"
#include "tile.cuh"

namespace selfjudge::cuda::gemm {

// Block tile, its depth a stage, its warps, stages in shared memory, blocks a multiprocessor should hold.
template <int Rows, int Columns, int Depth, int WarpRows, int WarpColumns, int Stages, int Blocks>
struct MmaShape {
  static constexpr int kRows = Rows, kColumns = Columns, kDepth = Depth, kWarpRows = WarpRows,
                       kWarpColumns = WarpColumns, kStages = Stages, kBlocks = Blocks,
                       kThreads = 32 * WarpRows * WarpColumns;
};

// Copies one factor's tile. `Aligned`: 16 bytes at a time, asynchronously; else any stride and address.
template <int Rows, int Depth, Layout L, int Threads, bool Aligned>
class MmaStager {
 public:
  static constexpr int kLines = L == kRowMajor ? Rows : Depth;
  static constexpr int kChunks = (L == kRowMajor ? Depth : Rows) / 8;  // a line
  static_assert(kChunks % 8 == 0, "the swizzle needs eight chunks a line");
  static_assert(Threads % kChunks == 0 && kLines * kChunks % Threads == 0, "threads share the chunks evenly");

  __device__ MmaStager(const Operand<bf16>& x, int row)
      : from_(x.data + (L == kRowMajor ? row * x.stride : row) + line() * x.stride + 8 * chunk()),
        stride_(x.stride),
        rows_(x.rows - row) {}

  __device__ void copy(bf16* tile, int k, int depth) const {
    const bf16* from = from_ + (L == kRowMajor ? k : k * stride_);
    const int lines = (L == kRowMajor ? rows_ : depth - k) - line();
    const int along = (L == kRowMajor ? depth - k : rows_) - 8 * chunk();
#pragma unroll
    for (int i = 0; i < kLines * kChunks / Threads; i++) {
      const int next = i * (Threads / kChunks), at = line() + next;
      bf16* to = tile + (at * kChunks + (chunk() ^ (at & 7))) * 8;
      if constexpr (Aligned) {
        cp_async16(to, from + next * stride_, next < lines && along > 0);
      } else {
        Pack<bf16, 8> values;
#pragma unroll
        for (int j = 0; j < 8; j++)
          values.at[j] = next < lines && j < along ? from[next * stride_ + j] : from_float<bf16>(0);
        store_shared16(to, &values);
      }
    }
  }

 private:
  __device__ static int line() { return int(threadIdx.x) / kChunks; }
  __device__ static int chunk() { return int(threadIdx.x) % kChunks; }
  const bf16* from_;
  int64_t stride_;
  int rows_;
};

// Four 8x8 matrices, that of lanes 8i .. 8i + 7 at (row, k) of theirs.
template <Layout L, int Rows, int Depth>
__device__ __forceinline__ void load_matrices(uint32_t (&r)[4], const bf16* tile, int row, int k, int lane) {
  constexpr int kChunks = (L == kRowMajor ? Depth : Rows) / 8;
  const int line = (L == kRowMajor ? row : k) + lane % 8, chunk = (L == kRowMajor ? k : row) / 8;
  const bf16* from = tile + (line * kChunks + (chunk ^ (line & 7))) * 8;
  if constexpr (L == kRowMajor)
    ldmatrix_x4(r, from);
  else
    ldmatrix_x4_trans(r, from);
}

template <class Shape, Layout A, Layout B, bool Aligned = true>
struct MmaCore {
  using Element = bf16;
  static constexpr int kTileRows = Shape::kRows, kTileColumns = Shape::kColumns, kDepth = Shape::kDepth,
                       kThreads = Shape::kThreads, kBlocks = Shape::kBlocks, kStages = Shape::kStages;
  static constexpr int kStage = (kTileRows + kTileColumns) * kDepth;
  static constexpr size_t kBytes = sizeof(bf16) * kStage * kStages;
  static constexpr int kM = kTileRows / Shape::kWarpRows / 16, kN = kTileColumns / Shape::kWarpColumns / 8;
  static_assert(kM >= 1 && kN % 2 == 0, "a warp holds at least 16 x 16");

  struct Fragment {
    static constexpr int kRows = 2 * kM, kColumns = 2 * kN, kRun = 2, kLanes = 4, kStripValues = 16;
    static constexpr int kWarpRows = 16 * kM, kWarpColumns = 8 * kN;
    float sums[kM][kN][4];
    int lane, warp_row, warp_column;

    __device__ explicit Fragment(const Place& at) : sums{} {
      const int warp = int(threadIdx.x) / 32;
      lane = int(threadIdx.x) % 32;
      warp_row = at.row + warp / Shape::kWarpColumns * kWarpRows;
      warp_column = at.column + warp % Shape::kWarpColumns * kWarpColumns;
    }
    __device__ float& at(int i, int j) { return sums[i / 2][j / 2][2 * (i % 2) + j % 2]; }
    __device__ int row(int i) const { return warp_row + 8 * i + lane / 4; }
    __device__ int column(int j) const { return warp_column + 8 * (j / 2) + 2 * (lane % 4) + j % 2; }
  };

  __device__ static void run(const Operand<bf16>& a, const Operand<bf16>& b, int depth, const Place& at,
                             bf16* memory, Fragment& f) {
    const MmaStager<kTileRows, kDepth, A, kThreads, Aligned> a_tile(a, at.row);
    const MmaStager<kTileColumns, kDepth, B, kThreads, Aligned> b_tile(b, at.column);
    const int steps = (depth + kDepth - 1) / kDepth;
    auto stage = [&](int step) {
      if (step < steps) {
        bf16* to = memory + step % kStages * kStage;
        a_tile.copy(to, step * kDepth, depth);
        b_tile.copy(to + kTileRows * kDepth, step * kDepth, depth);
      }
      cp_async_commit();
    };
    for (int s = 0; s < kStages - 1; s++) stage(s);
    for (int step = 0; step < steps; step++) {
      cp_async_wait<kStages - 2>();
      __syncthreads();  // everyone's copies of this step are there, and nobody reads the stage before
      stage(step + kStages - 1);
      multiply(memory + step % kStages * kStage, f, f.warp_row - at.row, f.warp_column - at.column);
    }
  }

 private:
  // Adds one stage's products; the next fragments are on their way while the tensor cores work.
  __device__ __forceinline__ static void multiply(const bf16* stage, Fragment& f, int row, int column) {
    const bf16 *a_tile = stage, *b_tile = stage + kTileRows * kDepth;
    uint32_t a[2][kM][4], b[2][kN / 2][4];
    auto fetch = [&](int k) {
      const int lane = f.lane, to = k / 16 % 2;
#pragma unroll
      for (int m = 0; m < kM; m++)
        load_matrices<A, kTileRows, kDepth>(a[to][m], a_tile, row + 16 * m + lane / 8 % 2 * 8,
                                            k + lane / 16 * 8, lane);
#pragma unroll
      for (int n = 0; n < kN / 2; n++)
        load_matrices<B, kTileColumns, kDepth>(b[to][n], b_tile, column + 16 * n + lane / 16 * 8,
                                               k + lane / 8 % 2 * 8, lane);
    };
    fetch(0);
#pragma unroll
    for (int k = 0; k < kDepth; k += 16) {
      const int now = k / 16 % 2;
      if (k + 16 < kDepth) fetch(k + 16);
#pragma unroll
      for (int m = 0; m < kM; m++)
#pragma unroll
        for (int n = 0; n < kN; n++)
          mma_bf16(f.sums[m][n], a[now][m], b[now][n / 2][n % 2 * 2], b[now][n / 2][n % 2 * 2 + 1]);
    }
  }
};

}  // namespace selfjudge::cuda::gemm
