// bfloat16: the upper half of a float32. Narrowing rounds to nearest, ties to even; a NaN stays a (quiet)
// NaN.
#pragma once
#include <bit>
#include <cstdint>

namespace selfjudge {

inline float bf16_to_float(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

inline uint16_t float_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x0040u);
  // Rounding may carry into the exponent: the largest values become infinity, as nearest-even demands.
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace selfjudge
