#include "attention_pairs.h"

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

void accumulate_seen_pairs(int count, const uint16_t* c, const PairFactor& b, const int* seen, int64_t padded,
                           float* sum) {
  const auto add = [&](int r, int rows, int first, int last) {
    kernels().pair_tile({c + r * kKeys, kKeys, rows, b.data, b.stride, b.packed, first, last, padded,
                         sum + r * padded, padded, true});
  };
  // A pair is never cut by who shares the call: what all see ends at an even key.
  const int common = *std::min_element(seen, seen + count) & ~1;
  add(0, count, 0, common);
  for (int r = 0; r < count; r++)
    if (seen[r] > common) add(r, 1, common, seen[r]);
}

}  // namespace selfjudge::cpu
