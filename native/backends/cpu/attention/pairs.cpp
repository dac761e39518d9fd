#include "pairs.h"

#include <algorithm>
#include <cstring>

namespace selfjudge::cpu {

void copy_padded(const uint16_t* in, int64_t depth, int64_t padded, uint16_t* out) {
  std::memcpy(out, in, size_t(depth) * 2);
  std::fill(out + depth, out + padded, uint16_t{0});
}

PairFactor pair_depths(const uint16_t* in, int64_t stride, const int32_t* rows, int count, int64_t depth,
                       uint32_t* out, uint32_t* memory) {
  const int64_t words = words_of(depth);
  for (int j = 0; j < count; j++)
    copy_padded(in + rows[j] * stride, depth, 2 * words, reinterpret_cast<uint16_t*>(memory + j * words));
  kernels().transpose(memory, words, count, words, out, kKeys);
  if (count < kKeys)
    for (int64_t i = 0; i < words; i++) std::fill(out + i * kKeys + count, out + (i + 1) * kKeys, 0u);
  return {out, kKeys, true};
}

PairFactor pair_rows(const uint16_t* in, int64_t stride, const int32_t* rows, int count, int64_t depth,
                     int64_t padded, uint32_t* out) {
  const Kernels& kernel = kernels();
  const auto row = [&](int j) { return in + (rows ? rows[j] : j) * stride; };
  for (int j = 0; j < count; j += 2) {
    uint32_t* to = out + j / 2 * padded;
    kernel.interleave(row(j), j + 1 < count ? row(j + 1) : nullptr, to, depth);
    std::fill(to + depth, to + padded, 0u);
  }
  return {out, padded, true};
}

namespace {

// Whether the pairs that hold rows first .. last of b are all numbers.
bool finite_between(const PairFactor& b, int64_t first, int64_t last, int64_t columns) {
  if (first == last) return true;
  return kernels().finite_pairs(static_cast<const uint32_t*>(b.data) + first / 2 * b.stride, b.stride,
                                ceil_div(last, 2) - first / 2, columns);
}

void add(int rows, const uint16_t* c, int64_t c_stride, const PairFactor& b, int64_t first, int64_t last,
         int64_t columns, float* sum) {
  if (first < last)
    kernels().pair_tile(
        {c, c_stride, rows, b.data, b.stride, b.packed, first, last, columns, sum, columns, true});
}

}  // namespace

void accumulate_pairs_between(int count, uint16_t* c, int64_t c_stride, const PairFactor& b, const int* first,
                              const int* last, int64_t padded, float* sum) {
  const auto [least_first, most_first] = std::minmax_element(first, first + count);
  const auto [least_last, most_last] = std::minmax_element(last, last + count);
  const auto alone = [&](int r, int64_t from, int64_t to) {
    add(1, c + r * c_stride, c_stride, b, from, to, padded, sum + r * padded);
  };
  if (kernels().pair_blocks) {
    // Zeros of c stand for what a row does not see, unless they would meet NaN or infinity.
    if (finite_between(b, *least_first, *most_first, padded) &&
        finite_between(b, *least_last, *most_last, padded)) {
      for (int r = 0; r < count; r++) {
        std::fill(c + r * c_stride + *least_first, c + r * c_stride + first[r], uint16_t{0});
        std::fill(c + r * c_stride + last[r], c + r * c_stride + *most_last, uint16_t{0});
      }
      return add(count, c, c_stride, b, *least_first, *most_last, padded, sum);
    }
    for (int r = 0; r < count; r++) alone(r, first[r], last[r]);
    return;
  }
  // A pair is never cut by who shares the call: what is common to all begins and ends with a pair.
  const int64_t from = round_up(*most_first, 2),
                to = *least_last == *most_last ? *least_last : *least_last & ~1;
  if (from >= to) {
    for (int r = 0; r < count; r++) alone(r, first[r], last[r]);
    return;
  }
  for (int r = 0; r < count; r++) alone(r, first[r], from);
  add(count, c, c_stride, b, from, to, padded, sum);
  for (int r = 0; r < count; r++) alone(r, to, last[r]);
}

}  // namespace selfjudge::cpu
