#include "head.h"

#include <limits>

#include "../fail.h"

namespace selfjudge::cpu {

void pad_strip(float* logits, int64_t width) {
  std::fill(logits + width, logits + padded_width(width), -std::numeric_limits<float>::infinity());
}

StripPart reduce_strip(float* logits, int64_t width) {
  pad_strip(logits, width);
  StripPart part;
  kernels().strip_sum(logits, padded_width(width), &part.max, &part.sum);
  return part;
}

double merge_strips(const StripPart* parts, int64_t count) {
  float max = parts[0].max;
  for (int64_t s = 1; s < count; s++) max = std::max(max, parts[s].max);
  double sum = 0;
  for (int64_t s = 0; s < count; s++) sum += parts[s].sum * std::exp(double(parts[s].max) - max);
  return max + std::log(sum);
}

void LabelIndex::build(const int32_t* label_rows, const int32_t* labels, int64_t n_labels, int64_t n_rows) {
  std::fill(offsets, offsets + n_rows + 1, 0);
  for (int64_t l = 0; l < n_labels; l++) offsets[label_rows[l] + 1]++;
  for (int64_t r = 0; r < n_rows; r++) offsets[r + 1] += offsets[r];
  for (int64_t l = 0; l < n_labels; l++) order[offsets[label_rows[l]]++] = int32_t(l);
  for (int64_t r = n_rows; r > 0; r--) offsets[r] = offsets[r - 1];  // filling moved each start to the next
  offsets[0] = 0;
  for (int64_t r = 0; r < n_rows; r++)
    if (offsets[r + 1] - offsets[r] > 1)
      std::sort(order + offsets[r], order + offsets[r + 1],
                [&](int32_t a, int32_t b) { return labels[a] != labels[b] ? labels[a] < labels[b] : a < b; });
}

int32_t check_labels(const char* op, const int32_t* label_rows, const int32_t* labels, int64_t n_labels,
                     int64_t n_rows, int64_t vocabulary, sj_error* error) {
  for (int64_t l = 0; l < n_labels; l++) {
    if (label_rows[l] < 0 || label_rows[l] >= n_rows)
      return fail(error, SJ_INVALID, "[%s] rows[%lld]: expected 0 .. %lld, received %d", op, (long long)l,
                  (long long)n_rows - 1, label_rows[l]);
    if (labels[l] < 0 || labels[l] >= vocabulary)
      return fail(error, SJ_INVALID, "[%s] labels[%lld]: expected 0 .. %lld, received %d", op, (long long)l,
                  (long long)vocabulary - 1, labels[l]);
  }
  return SJ_OK;
}

}  // namespace selfjudge::cpu
