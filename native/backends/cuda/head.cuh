// What linear_logprob, its backward and linear_sample share, so that their bits agree: logits are reduced
// over strips of 64 columns in one order of lanes, and strips merge by one formula, whatever the number of
// rows and the shape of tile.
#pragma once
#include "arch/sm80.cuh"
#include "gemm/output.cuh"
#include "launch.h"
#include "reduce.cuh"

namespace selfjudge::cuda {

struct StripPart {
  float max, sum;  // sum of exp(logit - max)
};

inline int64_t strip_count(int64_t vocabulary) { return ceil_div(vocabulary, gemm::kStrip); }

// The valid labels in ascending order of (row, label, position in the call): those of row r are entries
// offsets[r] .. offsets[r + 1].
struct LabelIndex {
  int32_t* offsets;                // [rows + 1]
  int32_t *order, *labels, *rows;  // of each entry: position in the call, label, row
  int32_t *cursors, *unordered;    // scratch: [rows], [labels]
  LabelIndex(int64_t n_rows, int64_t n_labels, Carver& s)
      : offsets(s.take<int32_t>(n_rows + 1)),
        order(s.take<int32_t>(n_labels)),
        labels(s.take<int32_t>(n_labels)),
        rows(s.take<int32_t>(n_labels)),
        cursors(s.take<int32_t>(n_rows)),
        unordered(s.take<int32_t>(n_labels)) {}
};

// Builds the index; a row or label out of range is a fault of `op` at the tensor slots given, and left out.
int32_t index_labels(Context& context, const LabelIndex& index, int op, int rows_slot, int labels_slot,
                     const int32_t* label_rows, const int32_t* labels, int64_t n_labels, int64_t n_rows,
                     int64_t vocabulary, sj_error* error);

// What becomes of the logits of some rows.
struct LogitsSink {
  StripPart* parts;         // [rows, strips]
  float* logits;            // [rows, vocabulary], null: not kept
  const LabelIndex* index;  // null: no labels
  int row0;                 // the first row's number in the index
  float* label_logits;      // [labels], in the call's order
};

template <class T>
int32_t head_logits(Context& context, const gemm::Operand<T>& h, const gemm::Operand<T>& w, int64_t depth,
                    const LogitsSink& sink, sj_error* error);

// exp(x), x <= 0 but for rounding, to the precision the storage type deserves.
template <class T>
__device__ __forceinline__ float exponential(float x) {
  if constexpr (sizeof(T) == 2)
    return ex2(x * 1.44269504f);
  else
    return expf(x);
}

// log of the sum over all strips of a row, by a whole warp: NaN when a logit is NaN or +inf, -inf when all
// are -inf.
__device__ __forceinline__ double merge_strips(const StripPart* parts, int count, float* max) {
  const int lane = int(threadIdx.x) % 32;
  float top = -3.40282347e38f;
  for (int s = lane; s < count; s += 32) top = fmaxf(top, parts[s].max);
  top = warp_max(top);
  double sum = 0;
  for (int s = lane; s < count; s += 32) sum += parts[s].sum * exp(double(parts[s].max) - top);
  *max = top;
  return top + log(warp_sum(sum));
}

__device__ __forceinline__ float log_probability(float logit, double lse) {
  return float(double(logit) - lse);
}

// visit(entry, logit) for each label in a fragment, by the lane that holds its logit, entries ascending. The
// fragment's rows start at `row0` of the index, its columns at `column0`.
template <class F, class Visit>
__device__ __forceinline__ void visit_labels(F& f, const LabelIndex& index, int row0, int rows, int column0,
                                             Visit&& visit) {
  const int last = index.offsets[row0 + min(f.warp_row + F::kWarpRows, rows)];
  for (int first = index.offsets[row0 + min(f.warp_row, rows)]; first < last; first += 32) {
    const int entry = first + f.lane;
    const int column = entry < last ? index.labels[entry] - column0 : -1;
    const bool inside = column >= f.warp_column && column < f.warp_column + F::kWarpColumns;
    for (unsigned found = __ballot_sync(kAllLanes, inside); found; found &= found - 1) {
      const int lane = __ffs(int(found)) - 1;
      const int at_column = __shfl_sync(kAllLanes, column, lane), at_row = index.rows[first + lane] - row0;
#pragma unroll
      for (int i = 0; i < F::kRows; i++)
#pragma unroll
        for (int j = 0; j < F::kColumns; j++)
          if (f.row(i) == at_row && f.column(j) == at_column) visit(first + lane, f.at(i, j));
    }
  }
}

// A sum over the lanes that share a row.
template <class F>
__device__ __forceinline__ float row_sum(float x) {
#pragma unroll
  for (int offset = 1; offset < F::kLanes; offset *= 2) x += __shfl_xor_sync(kAllLanes, x, offset);
  return x;
}

}  // namespace selfjudge::cuda
