// The float32 core: fused multiply-adds, never TF32. Both factors are staged with depth as lines, turned on
// the way in by 4-byte copies, so any stride and alignment works. Sixteen lanes hold a row's 64 columns.
#pragma once
#include "../arch/sm80.cuh"
#include "tile.cuh"

namespace selfjudge::cuda::gemm {

template <int Rows, int Columns, int ThreadRows, Layout A, Layout B>
struct FmaCore {
  using Element = float;
  static constexpr int kTileRows = Rows, kTileColumns = Columns, kDepth = 16, kStages = 3, kBlocks = 2;
  static constexpr int kThreads = Rows / ThreadRows * 16, kThreadColumns = Columns / 16;
  static constexpr int kPad = 4;  // a line starts 16 bytes on in the banks
  static constexpr int kStage = (Rows + kPad + Columns + kPad) * kDepth;
  static constexpr size_t kBytes = sizeof(float) * kStage * kStages;
  static_assert(Columns % kStrip == 0 && ThreadRows % 4 == 0 && kThreads % 32 == 0);

  struct Fragment {
    static constexpr int kRows = ThreadRows, kColumns = kThreadColumns, kRun = 4, kLanes = 16,
                         kStripValues = 4;
    static constexpr int kWarpRows = 2 * ThreadRows, kWarpColumns = Columns;
    float sums[kRows][kColumns];
    int lane, warp_row, warp_column;

    __device__ explicit Fragment(const Place& at) : sums{} {
      lane = int(threadIdx.x) % 32;
      warp_row = at.row + int(threadIdx.x) / 32 * kWarpRows;
      warp_column = at.column;
    }
    __device__ float& at(int i, int j) { return sums[i][j]; }
    __device__ int row(int i) const { return warp_row + lane / 16 * ThreadRows + i; }
    __device__ int column(int j) const { return warp_column + kStrip * (j / 4) + 4 * (lane % 16) + j % 4; }
  };

  __device__ static void run(const Operand<float>& a, const Operand<float>& b, int depth, const Place& at,
                             float* memory, Fragment& f) {
    const int steps = (depth + kDepth - 1) / kDepth;
    auto stage = [&](int step) {
      if (step < steps) {
        float* to = memory + step % kStages * kStage;
        copy<A, Rows>(to, a, at.row, step * kDepth, depth);
        copy<B, Columns>(to + (Rows + kPad) * kDepth, b, at.column, step * kDepth, depth);
      }
      cp_async_commit();
    };
    for (int s = 0; s < kStages - 1; s++) stage(s);
    for (int step = 0; step < steps; step++) {
      cp_async_wait<kStages - 2>();
      __syncthreads();
      stage(step + kStages - 1);
      multiply(memory + step % kStages * kStage, f, f.row(0) - at.row, f.column(0) - at.column);
    }
  }

 private:
  template <Layout L, int TileRows>
  __device__ __forceinline__ static void copy(float* tile, const Operand<float>& x, int row0, int k0,
                                              int depth) {
    constexpr int kAlong = L == kRowMajor ? kDepth : TileRows;  // neighbours in memory
    constexpr int kStep = kThreads / kAlong;
    static_assert(kThreads % kAlong == 0);
    const int line = int(threadIdx.x) / kAlong, along = int(threadIdx.x) % kAlong;
    const int row = L == kRowMajor ? line : along, k = L == kRowMajor ? along : line;
    const int rows = x.rows - row0 - row, left = depth - k0 - k;
    const float* from =
        x.data + (L == kRowMajor ? (row0 + row) * x.stride + k0 + k : (k0 + k) * x.stride + row0 + row);
    float* to = tile + k * (TileRows + kPad) + row;
#pragma unroll
    for (int i = 0; i < TileRows * kDepth / kThreads; i++) {
      const bool valid = L == kRowMajor ? i * kStep < rows && left > 0 : rows > 0 && i * kStep < left;
      cp_async4(to + i * kStep * (L == kRowMajor ? 1 : TileRows + kPad), from + i * kStep * x.stride, valid);
    }
  }

  __device__ __forceinline__ static void multiply(const float* stage, Fragment& f, int row, int column) {
    const float *a_tile = stage + row, *b_tile = stage + (Rows + kPad) * kDepth + column;
    using Four = Pack<float, 4>;
#pragma unroll 2
    for (int k = 0; k < kDepth; k++) {
      Four a[ThreadRows / 4], b[kThreadColumns / 4];
#pragma unroll
      for (int i = 0; i < ThreadRows / 4; i++)
        a[i] = *reinterpret_cast<const Four*>(a_tile + k * (Rows + kPad) + 4 * i);
#pragma unroll
      for (int j = 0; j < kThreadColumns / 4; j++)
        b[j] = *reinterpret_cast<const Four*>(b_tile + k * (Columns + kPad) + kStrip * j);
#pragma unroll
      for (int i = 0; i < ThreadRows; i++)
#pragma unroll
        for (int j = 0; j < kThreadColumns; j++)
          f.sums[i][j] = fused(a[i / 4].at[i % 4], b[j / 4].at[j % 4], f.sums[i][j]);
    }
  }
};

}  // namespace selfjudge::cuda::gemm
