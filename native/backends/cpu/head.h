// What linear_logprob, its backward and linear_sample share, so that their bits agree: logits are reduced
// strip by strip of the vocabulary, in one lane order, and strips merge in ascending order by one formula.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../../include/backend.h"
#include "../arguments.h"
#include "gemm/gemm.h"

namespace selfjudge::cpu {

inline constexpr int64_t kStrip = 1536;  // columns: a multiple of 48 (panels) and of 64 (lanes)
inline int64_t strip_count(int64_t vocabulary) { return ceil_div(vocabulary, kStrip); }
inline int64_t strip_width(int64_t vocabulary, int64_t strip) {
  return std::min(kStrip, vocabulary - strip * kStrip);
}
inline int64_t padded_width(int64_t width) { return round_up(width, 64); }
inline Panels strip_panels(const sj_tensor& w, int64_t strip) {
  const Panels all = weight_panels(w);
  return {static_cast<const char*>(all.data) + size_t(strip * (kStrip / kPanel)) * all.stride, all.dtype,
          all.stride};
}

// Columns past the strip's own take no part: -inf up to the padded width.
void pad_strip(float* logits, int64_t width);

struct StripPart {
  float max, sum;  // sum of exp(logit - max)
};

// Reduces one row of a strip; pads it.
StripPart reduce_strip(float* logits, int64_t width);

// log of the sum over all strips: NaN when a logit is NaN or +inf, -inf when all are -inf.
double merge_strips(const StripPart* parts, int64_t count);

inline float log_probability(float logit, double lse) { return float(double(logit) - lse); }

// The ragged labels of each row: order[offsets[r] .. offsets[r + 1]) are the labels of row r, ascending by
// (label, position in the call).
struct LabelIndex {
  int32_t* offsets;  // [rows + 1]
  int32_t* order;    // [labels]
  LabelIndex(int64_t rows, int64_t labels, Carver& s)
      : offsets(s.take<int32_t>(rows + 1)), order(s.take<int32_t>(labels)) {}
  void build(const int32_t* label_rows, const int32_t* labels, int64_t n_labels, int64_t n_rows);
};

// SJ_INVALID naming the first row or label out of range.
int32_t check_labels(const char* op, const int32_t* label_rows, const int32_t* labels, int64_t n_labels,
                     int64_t n_rows, int64_t vocabulary, sj_error* error);

}  // namespace selfjudge::cpu
