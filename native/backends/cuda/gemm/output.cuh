// A matrix that epilogues write: row by row of a fragment, neighbouring columns as one access where alignment
// allows.
#pragma once
#include "tile.cuh"

namespace selfjudge::cuda::gemm {

template <class T>
struct Output {
  T* data;
  int64_t stride;
  int rows, columns;

  // The values of a fragment's row i, as `write` makes them: values(j) is that of column j.
  template <class F, class Values>
  __device__ __forceinline__ void write(const F& f, int i, Values&& values) const {
    const int row = f.row(i);
    if (row >= rows) return;
    using Run = Pack<T, F::kRun>;
    const bool whole = stride % F::kRun == 0 && reinterpret_cast<uintptr_t>(data) % sizeof(Run) == 0;
#pragma unroll
    for (int j = 0; j < F::kColumns; j += F::kRun) {
      const int column = f.column(j);
      T* to = data + row * stride + column;
      if (whole && column + F::kRun <= columns) {
        Run run;
#pragma unroll
        for (int n = 0; n < F::kRun; n++) run.at[n] = from_float<T>(values(j + n));
        *reinterpret_cast<Run*>(to) = run;
      } else {
#pragma unroll
        for (int n = 0; n < F::kRun; n++)
          if (column + n < columns) to[n] = from_float<T>(values(j + n));
      }
    }
  }
};

// out = C, or out += C.
struct Accumulate {
  Output<float> out;
  bool add;

  template <class F>
  __device__ void operator()(F& f) const {
#pragma unroll
    for (int i = 0; i < F::kRows; i++) {
      if (add) {  // a row's reads are on their way together
        float old[F::kColumns];
        read(f, i, old);
#pragma unroll
        for (int j = 0; j < F::kColumns; j++) f.at(i, j) += old[j];
      }
      out.write(f, i, [&](int j) { return f.at(i, j); });
    }
  }

 private:
  template <class F>
  __device__ __forceinline__ void read(const F& f, int i, float (&old)[F::kColumns]) const {
    const int row = f.row(i);
    using Run = Pack<float, F::kRun>;
    const bool whole = out.stride % F::kRun == 0 && reinterpret_cast<uintptr_t>(out.data) % sizeof(Run) == 0;
#pragma unroll
    for (int j = 0; j < F::kColumns; j += F::kRun) {
      const int column = f.column(j);
      const float* from = out.data + row * out.stride + column;
      Run run{};
      if (row < out.rows && whole && column + F::kRun <= out.columns) {
        run = *reinterpret_cast<const Run*>(from);
      } else {
#pragma unroll
        for (int n = 0; n < F::kRun; n++)
          if (row < out.rows && column + n < out.columns) run.at[n] = from[n];
      }
#pragma unroll
      for (int n = 0; n < F::kRun; n++) old[j + n] = run.at[n];
    }
  }
};

}  // namespace selfjudge::cuda::gemm
