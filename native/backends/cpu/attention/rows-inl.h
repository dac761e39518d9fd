// Keys and values of this call's rows: a chunk is gathered along a row's path into scratch.
#if defined(SELFJUDGE_ATTENTION_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SELFJUDGE_ATTENTION_ROWS_INL_H_
#undef SELFJUDGE_ATTENTION_ROWS_INL_H_
#else
#define SELFJUDGE_ATTENTION_ROWS_INL_H_
#endif

#include "kernels-inl.h"

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {

// A tile's rows and the owner of each chunk of their paths.
class RowPaths {
 public:
  // owners: [end - begin][most_chunks], slots: [end - begin].
  RowPaths(const sj_tree& tree, const int32_t* row_segment, int64_t begin, int64_t end, int64_t most_chunks,
           int32_t* owners, int32_t* slots)
      : segments_(tree.segments),
        row_segment_(row_segment),
        begin_(begin),
        most_chunks_(most_chunks),
        owners_(owners),
        slots_(slots) {
    int slot = -1;
    for (int64_t row = begin; row < end; row++) {
      if (row == begin || row_segment[row] != row_segment[row - 1])
        chunk_owners(segments_, row_segment[row], owners + ++slot * most_chunks);
      slots[row - begin] = slot;
    }
  }
  int keys(int64_t row) const {
    const sj_segment& s = segments_[row_segment_[row]];
    return static_cast<int>(s.depth + (row - s.start) + 1);
  }
  int64_t chunk_name(int64_t row, int c) const { return owners_[slots_[row - begin_] * most_chunks_ + c]; }
  int rows(int64_t row, int c, int32_t* out) const {
    return chunk_rows(segments_, static_cast<int>(chunk_name(row, c)), c, out);
  }

 private:
  const sj_segment* segments_;
  const int32_t* row_segment_;
  int64_t begin_, most_chunks_;
  const int32_t* owners_;
  const int32_t* slots_;
};

// out[i][x] = in[rows[i]][x], rows padded with zeros.
template <class T>
HWY_INLINE void gather(const T* in, int64_t stride, const int32_t* rows, int count, int64_t depth,
                       int64_t padded, float* out) {
  for (int i = 0; i < count; i++) widen(in + rows[i] * stride, depth, padded, out + i * padded);
}

}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
