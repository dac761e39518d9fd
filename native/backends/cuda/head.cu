#include "head.cuh"

#include "head_shapes.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int kIndexThreads = 512;

struct IndexArguments {
  LabelIndex index;
  FaultRecord* faults;
  int op, rows_slot, labels_slot;
  const int32_t *label_rows, *labels;
  int n_labels, n_rows, vocabulary;

  // Tells of a fault only when `record` is given.
  __device__ bool valid(int l, FaultRecord* record) const {
    const bool row = label_rows[l] >= 0 && label_rows[l] < n_rows;
    const bool label = labels[l] >= 0 && labels[l] < vocabulary;
    if (record && !row) in_range(record, op, rows_slot, l, -1, label_rows[l], 0, n_rows - 1);
    if (record && !label) in_range(record, op, labels_slot, l, -1, labels[l], 0, vocabulary - 1);
    return row && label;
  }
};

// One block: counts by row, sums before each row, entries in any order, then each entry's rank in its row.
// The counts and ranks do not depend on the order of the atomics.
__global__ __launch_bounds__(kIndexThreads) void build_index(IndexArguments a) {
  SHARED(int, parts, kIndexThreads / 32);
  const LabelIndex& index = a.index;
  const int thread = int(threadIdx.x), lane = thread % 32, warp = thread / 32;
  for (int r = thread; r < a.n_rows; r += kIndexThreads) index.cursors[r] = 0;
  __syncthreads();
  for (int l = thread; l < a.n_labels; l += kIndexThreads)
    if (a.valid(l, a.faults)) atomicAdd(&index.cursors[a.label_rows[l]], 1);
  __syncthreads();

  const int share = (a.n_rows + kIndexThreads - 1) / kIndexThreads;
  const int first = min(a.n_rows, thread * share), last = min(a.n_rows, first + share);
  int own = 0;
  for (int r = first; r < last; r++) own += index.cursors[r];
  int upto = own;
#pragma unroll
  for (int offset = 1; offset < 32; offset *= 2) {
    const int before = __shfl_up_sync(kAllLanes, upto, offset);
    if (lane >= offset) upto += before;
  }
  if (lane == 31) parts[warp] = upto;
  __syncthreads();
  int at = upto - own;
  for (int w = 0; w < warp; w++) at += parts[w];
  for (int r = first; r < last; r++) {
    const int count = index.cursors[r];
    index.offsets[r] = at;
    index.cursors[r] = at;
    at += count;
  }
  if (thread == kIndexThreads - 1) index.offsets[a.n_rows] = at;
  __syncthreads();

  for (int l = thread; l < a.n_labels; l += kIndexThreads)
    if (a.valid(l, nullptr)) index.unordered[atomicAdd(&index.cursors[a.label_rows[l]], 1)] = l;
  __syncthreads();
  for (int l = thread; l < a.n_labels; l += kIndexThreads) {
    if (!a.valid(l, nullptr)) continue;
    const int row = a.label_rows[l], label = a.labels[l];
    int to = index.offsets[row];
    for (int e = index.offsets[row], end = index.offsets[row + 1]; e < end; e++) {
      const int other = index.unordered[e], its = a.labels[other];
      to += its < label || (its == label && other < l);
    }
    index.order[to] = l;
    index.labels[to] = label;
    index.rows[to] = row;
  }
}

// Reduces strips, and keeps the logits that are asked for.
template <class T>
struct ReduceLogits {
  LogitsSink sink;
  LabelIndex index;
  bool labelled;
  int rows, vocabulary, strips;

  template <class F>
  __device__ void operator()(F& f) const {
    if (labelled)
      visit_labels(f, index, sink.row0, rows, 0,
                   [&](int entry, float logit) { sink.label_logits[index.order[entry]] = logit; });
    if (sink.logits) {
      const gemm::Output<float> out{sink.logits, vocabulary, rows, vocabulary};
#pragma unroll
      for (int i = 0; i < F::kRows; i++) out.write(f, i, [&](int j) { return f.at(i, j); });
    }
#pragma unroll
    for (int j = 0; j < F::kColumns; j++) {
      if (f.column(j) < vocabulary) continue;
#pragma unroll
      for (int i = 0; i < F::kRows; i++) f.at(i, j) = -INFINITY;
    }
#pragma unroll
    for (int i = 0; i < F::kRows; i++)
#pragma unroll
      for (int j = 0; j < F::kColumns; j += F::kStripValues) {
        const StripPart part = reduce(f, i, j);
        const int row = f.row(i), strip = f.column(j) / gemm::kStrip;
        if (f.lane % F::kLanes == 0 && row < rows && strip < strips)
          sink.parts[int64_t(row) * strips + strip] = part;
      }
  }

 private:
  template <class F>
  __device__ __forceinline__ static StripPart reduce(F& f, int i, int first) {
    StripPart part{-3.40282347e38f, 0};
#pragma unroll
    for (int j = first; j < first + F::kStripValues; j++) part.max = fmaxf(part.max, f.at(i, j));
#pragma unroll
    for (int offset = 1; offset < F::kLanes; offset *= 2)
      part.max = fmaxf(part.max, __shfl_xor_sync(kAllLanes, part.max, offset));
#pragma unroll
    for (int j = first; j < first + F::kStripValues; j++) part.sum += exponential<T>(f.at(i, j) - part.max);
    part.sum = row_sum<F>(part.sum);
    return part;
  }
};

}  // namespace

int32_t index_labels(Context& context, const LabelIndex& index, int op, int rows_slot, int labels_slot,
                     const int32_t* label_rows, const int32_t* labels, int64_t n_labels, int64_t n_rows,
                     int64_t vocabulary, sj_error* error) {
  const IndexArguments arguments{index,       context.faults(), op,     rows_slot,
                                 labels_slot, label_rows,       labels, int(n_labels),
                                 int(n_rows), int(vocabulary)};
  return context.launch(build_index, dim3(1), dim3(kIndexThreads), 0, error, arguments);
}

template <class T>
int32_t head_logits(Context& context, const gemm::Operand<T>& h, const gemm::Operand<T>& w, int64_t depth,
                    const LogitsSink& sink, sj_error* error) {
  Carver none(nullptr);
  const ReduceLogits<T> epilogue{sink,
                                 sink.index ? *sink.index : LabelIndex(0, 0, none),
                                 sink.index != nullptr,
                                 h.rows,
                                 w.rows,
                                 int(strip_count(w.rows))};
  return head_product(context, h, w, depth, epilogue, error);
}

template int32_t head_logits(Context&, const gemm::Operand<float>&, const gemm::Operand<float>&, int64_t,
                             const LogitsSink&, sj_error*);
template int32_t head_logits(Context&, const gemm::Operand<bf16>&, const gemm::Operand<bf16>&, int64_t,
                             const LogitsSink&, sj_error*);

}  // namespace selfjudge::cuda
