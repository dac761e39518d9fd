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

void accumulate_seen_pairs(int count, uint16_t* c, const PairFactor& b, const int* seen, int64_t padded,
                           float* sum) {
  const auto [least, most] = std::minmax_element(seen, seen + count);
  if (kernels().pair_blocks) {
    for (int r = 0; r < count; r++) std::fill(c + r * kKeys + seen[r], c + r * kKeys + *most, uint16_t{0});
    // Zeros of c stand for the keys that a row does not see, unless they would meet NaN or infinity.
    if (finite_between(b, *least, *most, padded)) return add(count, c, kKeys, b, 0, *most, padded, sum);
    for (int r = 0; r < count; r++) add(1, c + r * kKeys, kKeys, b, 0, seen[r], padded, sum + r * padded);
    return;
  }
  // A pair is never cut by who shares the call: what all see ends at an even key.
  const int common = *least & ~1;
  add(count, c, kKeys, b, 0, common, padded, sum);
  for (int r = 0; r < count; r++) add(1, c + r * kKeys, kKeys, b, common, seen[r], padded, sum + r * padded);
}

void accumulate_from_pairs(int count, uint16_t* c, int64_t c_stride, const PairFactor& b,
                           const int64_t* first, int64_t last, int64_t padded, float* sum) {
  if (kernels().pair_blocks) {
    for (int r = 1; r < count; r++)
      std::fill(c + r * c_stride + first[0], c + r * c_stride + first[r], uint16_t{0});
    if (finite_between(b, first[0], first[count - 1], padded))
      return add(count, c, c_stride, b, first[0], last, padded, sum);
    for (int r = 0; r < count; r++)
      add(1, c + r * c_stride, c_stride, b, first[r], last, padded, sum + r * padded);
    return;
  }
  const int64_t common = std::min(last, round_up(first[count - 1], 2));
  for (int r = 0; r < count; r++)
    add(1, c + r * c_stride, c_stride, b, first[r], common, padded, sum + r * padded);
  add(count, c, c_stride, b, common, last, padded, sum);
}

}  // namespace selfjudge::cpu
